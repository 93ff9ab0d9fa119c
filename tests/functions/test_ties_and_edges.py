"""Ties, empty arrays, scalars and axes of length one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor
from numpytorch.autograd import gradcheck

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array


def tracked(values: Any) -> Tensor:
    return Tensor(np.array(values, np.float64), requires_grad=True)


def gradient(y: Tensor, x: Tensor, upstream: Array | None = None) -> Array:
    y.backward(np.ones(y.shape) if upstream is None else upstream)
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("f", [npt.max, npt.min])
def test_entries_that_tie_share_the_gradient(f: Callable[..., Tensor]) -> None:
    x = tracked([[2, 2, 2, 2], [2, 2, 2, 2]])
    np.testing.assert_array_equal(gradient(f(x), x), np.full((2, 4), 1 / 8))
    x.grad = None
    np.testing.assert_array_equal(gradient(f(x, axis=1), x, np.array([4.0, 8.0])), [[1] * 4, [2] * 4])


def test_only_the_entries_at_the_top_share() -> None:
    x = tracked([[1, 5, 5], [7, 0, 7]])
    np.testing.assert_array_equal(gradient(npt.max(x, axis=1), x), [[0, 0.5, 0.5], [0.5, 0, 0.5]])


@pytest.mark.parametrize("f", [npt.maximum, npt.minimum])
def test_operands_that_are_equal_share_the_gradient(f: Callable[..., Tensor]) -> None:
    a, b = tracked([1, 2]), tracked([1, 2])
    f(a, b).backward(np.array([3.0, 5.0]))
    assert a.grad is not None
    assert b.grad is not None
    np.testing.assert_array_equal(a.grad, [1.5, 2.5])
    np.testing.assert_array_equal(b.grad, [1.5, 2.5])


@pytest.mark.parametrize(
    ("f", "slope"), [(npt.relu, 0), (npt.abs, 0), (lambda x: npt.leaky_relu(x, 0.25), 0.25), (lambda x: x**2, 0)]
)
def test_the_slope_at_zero_is_the_documented_one(f: Callable[[Tensor], Tensor], slope: float) -> None:
    x = tracked([0, 0])
    np.testing.assert_array_equal(gradient(f(x), x), [slope, slope])


def test_the_bounds_of_clip_count_as_within() -> None:
    x = tracked([0, 1, 2, 3])
    np.testing.assert_array_equal(gradient(npt.clip(x, 1, 2), x), [0, 1, 1, 0])


EMPTY: dict[str, Callable[[Tensor], Tensor]] = {
    "add": lambda x: x + 1,
    "exp": npt.exp,
    "broadcast": lambda x: x * np.ones((5, 1, 1)),
    "sum": npt.sum,
    "sum axis": lambda x: npt.sum(x, axis=0),
    "mean of the other axis": lambda x: npt.mean(x, axis=1),
    "var of the other axis": lambda x: npt.var(x, axis=1),
    "std of the other axis": lambda x: npt.std(x, axis=1, ddof=1),
    "max of the other axis": lambda x: npt.max(x, axis=1),
    "logsumexp of the other axis": lambda x: npt.logsumexp(x, axis=1),
    "softmax": lambda x: npt.softmax(x, 1),
    "log_softmax": lambda x: npt.log_softmax(x, 1),
    "reshape": lambda x: x.reshape(3, 0),
    "transpose": lambda x: x.T,
    "repeat": lambda x: npt.repeat(x, 2, 1),
    "repeat no times": lambda x: npt.repeat(x, 0, 1),
    "concatenate": lambda x: npt.concatenate([x, x]),
    "stack": lambda x: npt.stack([x, x]),
    "pad": lambda x: npt.pad(x, 1),
    "flip": npt.flip,
    "matmul": lambda x: x.T @ x,
    "matmul of nothing": lambda x: x @ np.ones((3, 2)),
    "einsum": lambda x: npt.einsum("ij,kj->ik", x, x),
    "index": lambda x: x[:, 1],
    "mask": lambda x: x[np.zeros((0, 3), bool)],
    "where": lambda x: npt.where(True, x, 0),
    "clip": lambda x: npt.clip(x, 0, 1),
}


@pytest.mark.parametrize("f", EMPTY.values(), ids=EMPTY)
def test_empty_arrays_have_empty_gradients(f: Callable[[Tensor], Tensor]) -> None:
    x = Tensor(np.ones((0, 3)), requires_grad=True)
    y = f(x)
    assert gradient(y, x, np.ones(y.shape)).shape == (0, 3)


def test_of_nothing_there_is_no_maximum() -> None:
    with pytest.raises(ValueError, match="zero-size array"):
        npt.max(tracked([]))


SCALARS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": npt.sum,
    "mean": npt.mean,
    "max": npt.max,
    "sum of no axes": lambda x: npt.sum(x, axis=()),
    "var with length 1": lambda x: npt.var(x.reshape(1, 1), axis=0),
    "logsumexp": npt.logsumexp,
    "transpose": lambda x: x.T,
    "reshape": lambda x: x.reshape(1, 1),
    "reshape back": lambda x: x.reshape(1).reshape(()),
    "squeeze": npt.squeeze,
    "unsqueeze": lambda x: x.unsqueeze(0),
    "repeat": lambda x: npt.repeat(x, 3),
    "stack": lambda x: npt.stack([x, x]),
    "flip": npt.flip,
    "pad": lambda x: npt.pad(x, 0),
    "index": lambda x: x[()],
    "None": lambda x: x[None],
    "ellipsis": lambda x: x[...],
    "mask": lambda x: x[np.array(True)],
    "einsum": lambda x: npt.einsum(",->", x, x),
    "outer": lambda x: npt.tensordot(x, x, 0),
    "clip": lambda x: npt.clip(x, -1, 1),
    "where": lambda x: npt.where(True, x, 0),
    "power": lambda x: x**2,
    "softmax of one": lambda x: npt.softmax(x.reshape(1, 1)),
    "copy": lambda x: x.copy(),
}


@pytest.mark.parametrize("f", SCALARS.values(), ids=SCALARS)
def test_scalars_and_axes_of_length_one_have_the_right_gradient(f: Callable[[Tensor], Tensor]) -> None:
    x = Tensor(np.array(0.3), requires_grad=True)
    y = f(x)
    assert type(y.arr) is np.ndarray
    result = gradcheck(f, [x])
    assert result, str(result)


def test_a_maximum_over_nan_is_nan() -> None:
    assert np.isnan(npt.max(Tensor([1.0, np.nan])).item())
