"""Cases: operations that reduce axes, and the softmax family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import numpytorch as npt
from tests.functions.cases.case import Case, distinct, normal

if TYPE_CHECKING:
    from numpytorch._types import Array, Axis

AXES: list[Axis] = [None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2)]
SPREADS: list[tuple[str, Any, Any]] = [("var", npt.var, np.var), ("std", npt.std, np.std)]
SCALARS: list[tuple[str, Any, Any]] = [("sum", npt.sum, np.sum), ("mean", npt.mean, np.mean), ("max", npt.max, np.max)]


def _logsumexp(x: Array, axis: Axis, keepdims: bool) -> Any:
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


def _softmax(x: Array, axis: int) -> Any:
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def _all(axis: Axis) -> tuple[int, ...]:
    return (0, 1, 2) if axis is None else axis if isinstance(axis, tuple) else (axis,)


CASES = [
    *[
        Case(f"{name} axis={axis} keepdims={keep}",
             lambda x, f=ours, a=axis, k=keep: f(x, axis=a, keepdims=k),
             lambda x, f=ref, a=axis, k=keep: f(x, axis=a, keepdims=k),
             (distinct(2, 3, 5),),
             lambda T, x, n=name, a=axis, k=keep: getattr(T, n)(x, dim=_all(a), keepdim=k))
        for name, ours, ref in [
            ("sum", npt.sum, np.sum), ("mean", npt.mean, np.mean), ("amax", npt.max, np.max),
            ("amin", npt.min, np.min), ("logsumexp", npt.logsumexp, _logsumexp),
        ]
        for axis in AXES
        for keep in (False, True)
    ],
    *[
        Case(f"{name} axis={axis} keepdims={keep} ddof={ddof}",
             lambda x, f=ours, a=axis, k=keep, d=ddof: f(x, axis=a, keepdims=k, ddof=d),
             lambda x, f=ref, a=axis, k=keep, d=ddof: f(x, axis=a, keepdims=k, ddof=d),
             (normal(2, 3, 5),),
             lambda T, x, n=name, a=axis, k=keep, d=ddof: getattr(T, n)(x, dim=_all(a), keepdim=k, correction=d))
        for name, ours, ref in SPREADS
        for axis in AXES
        for keep, ddof in [(False, 0), (True, 1)]
    ],
    *[
        Case(f"{name} of a scalar", ours, ref, (normal(),), lambda T, x: x * 1)
        for name, ours, ref in SCALARS
    ],
    *[
        Case(f"softmax axis={axis}", lambda x, a=axis: npt.softmax(x, a), lambda x, a=axis: _softmax(x, a),
             (normal(2, 3, 5),), lambda T, x, a=axis: T.softmax(x, a))
        for axis in (0, 1, -1)
    ],
    *[
        Case(f"log_softmax axis={axis}", lambda x, a=axis: npt.log_softmax(x, a),
             lambda x, a=axis: np.log(_softmax(x, a)),
             (normal(2, 3, 5),), lambda T, x, a=axis: T.log_softmax(x, a))
        for axis in (0, 1, -1)
    ],
]  # fmt: skip
