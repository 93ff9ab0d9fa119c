"""Cases: operations that treat every entry alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import numpytorch as npt
from tests.functions.cases.case import Case, distinct, nonzero, normal, positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch import Tensor
    from numpytorch._types import Array
    from tests.functions.cases.case import Draw

PAIRS = [((2, 3), (2, 3)), ((2, 3, 5), (3, 1)), ((3, 1), (1, 5)), ((5,), (2, 5)), ((), (3,)), ((3,), ()), ((1,), (7,))]


def _binary(name: str, f: Callable[[Any, Any], Any], a: Callable[..., Draw], b: Callable[..., Draw]) -> list[Case]:
    """Try an operator on shapes that broadcast in every way; it is spelled the same for all three libraries."""
    return [Case(f"{name} {s} {t}", f, f, (a(*s), b(*t)), lambda T, x, y: f(x, y)) for s, t in PAIRS]


def _unary(
    name: str, ours: Callable[[Tensor], Tensor], numpy: Callable[[Array], Any], draw: Callable[..., Draw]
) -> list[Case]:
    return [
        Case(f"{name} {shape}", ours, numpy, (draw(*shape),), lambda T, x: getattr(T, name.split()[0])(x))
        for shape in [(2, 3), (), (1,)]
    ]


C = np.array([[1.5, 0.7, 2.0]])
LOW = np.linspace(-0.717, 0.317, 7)
MASK = np.array([[True, False, True], [False, False, True]])

CASES = [
    *_binary("add", lambda x, y: x + y, normal, normal),
    *_binary("sub", lambda x, y: x - y, normal, normal),
    *_binary("mul", lambda x, y: x * y, normal, normal),
    *_binary("div", lambda x, y: x / y, normal, nonzero),
    *_binary("pow", lambda x, y: x**y, positive, normal),
    *[
        Case(f"{name} {s} {t}", ours, ref, (distinct(*s), nonzero(*t)), lambda T, x, y, n=name: getattr(T, n)(x, y))
        for name, ours, ref in [("maximum", npt.maximum, np.maximum), ("minimum", npt.minimum, np.minimum)]
        for s, t in PAIRS
    ],
    *_unary("negative", lambda x: -x, np.negative, normal),
    *_unary("abs", npt.abs, np.abs, nonzero),
    *_unary("exp", npt.exp, np.exp, normal),
    *_unary("log", npt.log, np.log, positive),
    *_unary("sqrt", npt.sqrt, np.sqrt, positive),
    *_unary("sin", npt.sin, np.sin, normal),
    *_unary("cos", npt.cos, np.cos, normal),
    *_unary("tanh", npt.tanh, np.tanh, normal),
    *_unary("sigmoid", npt.sigmoid, lambda x: 1 / (1 + np.exp(-x)), normal),
    *_unary("sigmoid naive", npt.sigmoid_naive, lambda x: 1 / (1 + np.exp(-x)), normal),
    *_unary("relu", npt.relu, lambda x: np.maximum(x, 0), nonzero),
    Case("leaky_relu", lambda x: npt.leaky_relu(x, 0.2), lambda x: np.where(x > 0, x, 0.2 * x), (nonzero(5, 7),),
         lambda T, x: T.nn.functional.leaky_relu(x, 0.2)),
    Case("leaky_relu of a slope above 1", lambda x: npt.leaky_relu(x, 3.0), lambda x: np.where(x > 0, x, 3 * x),
         (nonzero(5, 7),), lambda T, x: T.nn.functional.leaky_relu(x, 3.0)),
    *[
        Case(f"number {n}", f, f, (positive(2, 3),), lambda T, x, f=f: f(x))
        for n, f in {
            "x + 2": lambda x: x + 2, "2 + x": lambda x: 2 + x, "x - 2": lambda x: x - 2, "2 - x": lambda x: 2 - x,
            "x * 3": lambda x: x * 3, "3 * x": lambda x: 3 * x, "x / 3": lambda x: x / 3, "3 / x": lambda x: 3 / x,
            "x ** 3": lambda x: x**3, "x ** 2": lambda x: x**2, "x ** 1": lambda x: x**1, "x ** 0": lambda x: x**0,
            "x ** -1": lambda x: x**-1, "x ** 0.5": lambda x: x**0.5, "2 ** x": lambda x: 2**x,
            "abs(x)": lambda x: abs(-x),
        }.items()
    ],
    *[
        Case(f"array {n}", lambda x, f=f: f(x, C), lambda x, f=f: f(x, C), (positive(2, 3),),
             lambda T, x, f=f: f(x, T.tensor(C)))
        for n, f in {
            "x + c": lambda x, c: x + c, "c + x": lambda x, c: c + x, "x - c": lambda x, c: x - c,
            "c - x": lambda x, c: c - x, "x * c": lambda x, c: x * c, "c * x": lambda x, c: c * x,
            "x / c": lambda x, c: x / c, "c / x": lambda x, c: c / x, "x ** c": lambda x, c: x**c,
            "c ** x": lambda x, c: c**x, "x @ c": lambda x, c: x @ c.T, "c @ x": lambda x, c: c @ x.T,
        }.items()
    ],
    Case("negative base, whole exponent", lambda x: x**3, lambda x: x**3, (nonzero(5),), lambda T, x: x**3),
    Case("clip", lambda x: npt.clip(x, -0.4, 0.55), lambda x: np.clip(x, -0.4, 0.55), (distinct(3, 7),),
         lambda T, x: T.clip(x, -0.4, 0.55)),
    Case("clip below", lambda x: npt.clip(x, low=0.1), lambda x: np.maximum(x, 0.1), (distinct(3, 7),),
         lambda T, x: T.clip(x, min=0.1)),
    Case("clip above", lambda x: npt.clip(x, high=0.1), lambda x: np.minimum(x, 0.1), (distinct(3, 7),),
         lambda T, x: T.clip(x, max=0.1)),
    Case("clip between arrays", lambda x: npt.clip(x, LOW, LOW + 0.4), lambda x: np.clip(x, LOW, LOW + 0.4),
         (distinct(3, 7),), lambda T, x: T.clip(x, T.tensor(LOW), T.tensor(LOW + 0.4))),
    *[
        Case(f"where {s} {t}", lambda x, y: npt.where(MASK, x, y), lambda x, y: np.where(MASK, x, y),
             (normal(*s), normal(*t)), lambda T, x, y: T.where(T.tensor(MASK), x, y))
        for s, t in [((2, 3), (2, 3)), ((3,), (2, 1)), ((), (5, 2, 3))]
    ],
]  # fmt: skip
