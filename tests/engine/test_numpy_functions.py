"""NumPy's functions on Tensors become the operation with a gradient, give plain values, or raise and name one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, GraphError, Tensor
from tests.engine.tools import grad_of, normal

if TYPE_CHECKING:
    from collections.abc import Callable

MAPPED: dict[str, Callable[[Any], Any]] = {
    "add": lambda x: np.add(x, 2), "subtract": lambda x: np.subtract(2, x), "multiply": lambda x: np.multiply(x, x),
    "divide": lambda x: np.divide(x, 3), "power": lambda x: np.power(x, 2), "matmul": lambda x: np.matmul(x, x.T),
    "dot": lambda x: np.dot(x, x.T), "dot with a number": lambda x: np.dot(x, 2.0),
    "dot of more axes": lambda x: np.dot(x, np.ones((2, 3, 5))), "negative": np.negative, "positive": np.positive,
    "absolute": np.absolute, "abs": np.abs, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "square": np.square,
    "reciprocal": np.reciprocal, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
    "maximum": lambda x: np.maximum(x, 1), "minimum": lambda x: np.minimum(1, x),
    "sum": np.sum, "sum axis": lambda x: np.sum(x, axis=0), "sum positional": lambda x: np.sum(x, 1),
    "sum keepdims": lambda x: np.sum(x, axis=-1, keepdims=True), "mean": lambda x: np.mean(x, axis=(0, 1)),
    "max": lambda x: np.max(x, axis=1), "amax": np.amax, "min": lambda x: np.min(x, axis=0), "amin": np.amin,
    "var": lambda x: np.var(x, axis=1, ddof=1), "std": np.std, "add.reduce": np.add.reduce,
    "maximum.reduce": lambda x: np.maximum.reduce(x, axis=1), "minimum.reduce": lambda x: np.minimum.reduce(x, 1),
    "reshape": lambda x: np.reshape(x, (3, 2)), "reshape -1": lambda x: np.reshape(x, -1), "ravel": np.ravel,
    "transpose": np.transpose, "transpose axes": lambda x: np.transpose(x, (0, 1)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1), "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "broadcast_to": lambda x: np.broadcast_to(x, (5, 2, 3)), "squeeze": np.squeeze,
    "expand_dims": lambda x: np.expand_dims(x, 1), "repeat": lambda x: np.repeat(x, 2, axis=1),
    "concatenate": lambda x: np.concatenate([x, x * 2], axis=1),
    "concatenate axis=None": lambda x: np.concatenate([x, x], axis=None),
    "concatenate with an array": lambda x: np.concatenate((np.ones((1, 3)), x)),
    "stack": lambda x: np.stack([x, x], axis=1), "pad": lambda x: np.pad(x, ((1, 0), (0, 2))),
    "pad constant": lambda x: np.pad(x, 1, mode="constant", constant_values=4), "flip": lambda x: np.flip(x, 1),
    "copy": np.copy, "where": lambda x: np.where(x > 1, x, 0),
    "where array": lambda x: np.where([True, False, True], 0.0, x),
    "clip": lambda x: np.clip(x, 0.7, 1.4), "clip keywords": lambda x: np.clip(x, a_min=0.7, a_max=None),
    "clip method": lambda x: np.clip(x, min=0.7, max=1.4),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x), "tensordot": lambda x: np.tensordot(x, x, ((1,), (1,))),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1),
    "array + x": lambda x: np.ones((2, 3)) + x, "array * x": lambda x: np.full((2, 3), 2.0) * x,
    "array @ x": lambda x: np.ones((5, 2)) @ x, "array ** x": lambda x: np.full(3, 2.0) ** x,
    "array - x": lambda x: np.ones(3) - x, "array / x": lambda x: np.ones(3) / x,
    "np.float64 * x": lambda x: np.float64(2) * x, "np.float32 + x": lambda x: np.float32(2) + x,
    "np.int64 / x": lambda x: np.int64(2) / x, "x * np.float64": lambda x: x * np.float64(2),
    "0-d array * x": lambda x: np.array(2.0) * x,
}  # fmt: skip


@pytest.mark.parametrize("f", MAPPED.values(), ids=MAPPED)
def test_it_becomes_the_operation_with_a_gradient(f: Callable[[Any], Any]) -> None:
    values = np.random.default_rng(0).uniform(0.5, 2, (2, 3))
    x = Tensor(values, requires_grad=True)
    y = f(x)
    assert isinstance(y, Tensor)
    assert y.requires_grad
    assert y.dtype == np.float64
    expected = f(values)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.arr, expected, rtol=1e-14)
    y.sum().backward()
    assert np.isfinite(grad_of(x)).all()


PLAIN: dict[str, Callable[[Any], Any]] = {
    "shape": np.shape, "ndim": np.ndim, "size": np.size, "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": np.argmin, "argsort": lambda x: np.argsort(x, axis=0), "any": lambda x: np.any(x > 1),
    "all": np.all, "allclose": lambda x: np.allclose(x, x), "isclose": lambda x: np.isclose(x, 1.0),
    "array_equal": lambda x: np.array_equal(x, x), "count_nonzero": np.count_nonzero, "nonzero": np.nonzero,
    "unique": np.unique, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "rint": np.rint,
    "isnan": np.isnan, "isfinite": np.isfinite, "greater": lambda x: np.greater(x, 1),
    "array > x": lambda x: np.ones((2, 3)) > x, "array == x": lambda x: np.ones((2, 3)) == x,
    "x != array": lambda x: x != np.ones((2, 3)), "np.float64 < x": lambda x: np.float64(1) < x,
    "logical_and": lambda x: np.logical_and(x > 1, x), "array2string": np.array2string,
}  # fmt: skip


@pytest.mark.parametrize("f", PLAIN.values(), ids=PLAIN)
def test_it_gives_plain_values_where_no_gradient_exists(f: Callable[[Any], Any]) -> None:
    values = np.random.default_rng(0).uniform(0.5, 2, (2, 3))
    y, expected = f(Tensor(values, requires_grad=True)), f(values)
    assert not isinstance(y, Tensor)
    assert np.asarray(y).dtype == np.asarray(expected).dtype
    assert np.asarray(y).dtype != object
    if isinstance(expected, str):
        assert y == expected
    else:
        np.testing.assert_array_equal(y, expected)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "vstack": (lambda x: np.vstack([x, x]), r"np\.concatenate"),
    "hstack": (lambda x: np.hstack([x, x]), r"np\.concatenate"),
    "split": (lambda x: np.split(x, 2), "slices"),
    "tile": (lambda x: np.tile(x, 2), r"np\.broadcast_to"),
    "norm": (np.linalg.norm, r"npt\.sqrt"),
    "log2": (np.log2, r"npt\.log"),
    "log1p": (np.log1p, r"npt\.log\(1 \+ x\)"),
    "expm1": (np.expm1, r"npt\.exp\(x\) - 1"),
    "outer": (lambda x: np.outer(x, x), r"npt\.einsum"),
    "arctan": (np.arctan, "one of these|np\\."),
    "sinh": (np.sinh, r"np\.sin"),
    "cumsum": (np.cumsum, r"np\.triu"),
    "prod": (np.prod, "one of these|np\\."),
    "multiply.reduce": (np.multiply.reduce, "multiply.reduce"),
    "add.accumulate": (np.add.accumulate, "add.accumulate"),
    "add.outer": (lambda x: np.add.outer(x, x), "add.outer"),
    "add.at": (lambda x: np.add.at(x, 0, 1), "item assignment"),
    "add.at an array": (lambda x: np.add.at(np.ones(3), 0, x[0, 0]), "item assignment"),
    "copyto": (lambda x: np.copyto(np.ones((2, 3)), x), r"x\[\.\.\.\] = value"),
    "sort": (np.sort, "drop the graph"),
    "nanmean": (np.nanmean, r"npt\.where\(known, x, 0\)"),
    "linalg.inv": (lambda x: np.linalg.inv(x @ x.T), "drop the graph"),
    "out=": (lambda x: np.exp(x, out=np.ones((2, 3))), "an array cannot carry its gradient"),
    "out= a Tensor": (lambda x: np.exp(x, out=x), "an array cannot carry its gradient"),
    "ufunc where=": (lambda x: np.exp(x, where=np.ones((2, 3), bool)), "expected no keyword arguments.*where"),
    "ufunc dtype=": (lambda x: np.add(x, 1, dtype=np.float32), "expected no keyword arguments.*dtype"),
    "sum dtype=": (lambda x: np.sum(x, dtype=np.float32), "arguments that npt.sum takes.*dtype"),
    "sum positional dtype": (lambda x: np.sum(x, 0, np.float32), "arguments that npt.sum takes"),
    "sum out=": (lambda x: np.sum(x, axis=0, out=np.ones(3)), "arguments that npt.sum takes.*out"),
    "max initial=": (lambda x: np.max(x, initial=3), "arguments that npt.max takes.*initial"),
    "add.reduce dtype=": (lambda x: np.add.reduce(x, dtype=np.float32), "arguments that npt.sum takes.*dtype"),
    "pad edge": (lambda x: np.pad(x, 1, mode="edge"), "mode='constant'"),
    "where alone": (lambda x: np.where(x), "arguments that npt.where takes"),
    "array += x": (lambda x: np.ones((2, 3)).__iadd__(x), r"Write y = x \+ t for x \+= t"),
    "asarray": (np.asarray, r"take\s+`\.arr`"),
    "array": (np.array, r"npt\.stack"),
    "array of a list": (lambda x: np.array([x, x]), r"npt\.stack"),
    "asarray of rows": (lambda x: np.asarray([x[0], x[1]]), r"npt\.stack"),
    "array of objects": (lambda x: np.array([x, x], dtype=float), r"npt\.stack"),
    "assigned to an array": (lambda x: np.ones((2, 3)).__setitem__(0, x[0]), r"npt\.stack"),
    "Tensor of a list": (lambda x: Tensor([x, x]), r"npt\.stack"),
}  # fmt: skip


@pytest.mark.parametrize(("f", "hint"), REFUSED.values(), ids=REFUSED)
def test_it_raises_and_names_what_to_use(f: Callable[[Any], Any], hint: str) -> None:
    x = Tensor(np.random.default_rng(0).uniform(0.5, 2, (2, 3)), requires_grad=True)
    with pytest.raises((DtypeError, GraphError), match=hint):
        f(x)


def test_arrays_are_never_changed_by_a_refused_assignment() -> None:
    a, x = np.ones((2, 3)), normal(2, 3)
    with pytest.raises(DtypeError):
        a += x
    with pytest.raises(GraphError):
        a[0] = x[0]
    np.testing.assert_array_equal(a, np.ones((2, 3)))


def test_a_tensor_that_requires_no_gradient_can_become_an_array() -> None:
    x = Tensor(np.array([1.0, 2.0]))
    for a in (np.asarray(x), np.array(x), np.array([x, x])[0], np.stack([np.asarray(x)])[0]):
        assert a.dtype == np.float64
        np.testing.assert_array_equal(a, [1, 2])
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    copy = np.array(x)
    copy[0] = 9
    np.testing.assert_array_equal(x.arr, [1, 2])


def test_a_result_computed_under_no_grad_can_become_an_array() -> None:
    x = normal(2, 3)
    with npt.no_grad():
        y = npt.exp(x)
    assert np.asarray(y).dtype == np.float64


@pytest.mark.parametrize("scalar", [2, 2.0, True, np.float64(2), np.int64(2), np.int32(2), np.float32(2)])
@pytest.mark.parametrize("flip", [False, True])
def test_scalars_of_every_kind_keep_float32(scalar: Any, flip: bool) -> None:
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    operations: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a / b, lambda a, b: a**b,
    ]  # fmt: skip
    for f in operations:
        y = f(scalar, x) if flip else f(x, scalar)
        assert isinstance(y, Tensor)
        assert y.dtype == np.float32


def test_a_number_or_an_entry_of_an_array_cannot_swallow_a_gradient() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    for convert in (float, int):
        with pytest.raises(GraphError, match="which a number cannot carry"):
            convert(x.sum())
    out = np.zeros(2)
    with pytest.raises(ValueError) as error:  # NumPy's, with ours as its cause
        out[0] = x.sum()
    assert "Assign into a Tensor" in str(error.value.__cause__)
    assert float(x.detach().sum()) == x.sum().item() == 3.0
