"""Gradients are arrays of their own, and constants are remembered as they were."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor
from numpytorch.autograd import grad
from tests.engine.tools import grad_of, leaf, normal

if TYPE_CHECKING:
    from collections.abc import Callable

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "a + b": lambda a, b: a + b,
    "a + a": lambda a, b: a + a + b,
    "a - b": lambda a, b: a - b,
    "reshape": lambda a, b: a.reshape(3, 2).reshape(2, 3) + b,
    "transpose": lambda a, b: a.T.T + b.T.T,
    "broadcast": lambda a, b: npt.broadcast_to(a, (2, 3)) + npt.broadcast_to(b, (2, 3)),
    "broadcast more": lambda a, b: npt.broadcast_to(a, (5, 2, 3)) + b,
    "sum": lambda a, b: a.sum() + b.sum(),
    "split": lambda a, b: a[:1] + a[1:] + b,
    "rows": lambda a, b: a[0] + b[0],
    "concatenate": lambda a, b: npt.concatenate([a, b]),
    "stack": lambda a, b: npt.stack([a, b, a]),
    "flip": lambda a, b: npt.flip(a) + npt.flip(npt.flip(b)),
    "copy": lambda a, b: a.copy() + b.astype(np.float64),
    "squeeze": lambda a, b: npt.squeeze(npt.unsqueeze(a, 0)) + b,
    "where": lambda a, b: npt.where(True, a, b),
    "maximum": lambda a, b: npt.maximum(a, b),
}


@pytest.mark.parametrize("f", LOSSES.values(), ids=LOSSES)
def test_no_two_gradients_share_memory(f: Callable[[Tensor, Tensor], Tensor]) -> None:
    a, b = normal(2, 3), normal(2, 3, seed=1)
    y = f(a, b)
    u = np.random.default_rng(2).standard_normal(y.shape)
    y.backward(u)
    for first, second in combinations([u, grad_of(a), grad_of(b), a.arr, b.arr, y.arr], 2):
        assert first is u or first.base is None or not np.shares_memory(first, second)
    assert not np.shares_memory(grad_of(a), grad_of(b))
    assert not np.shares_memory(grad_of(a), u)
    assert not np.shares_memory(grad_of(b), u)


@pytest.mark.parametrize("f", LOSSES.values(), ids=LOSSES)
def test_a_gradient_that_is_held_never_changes(f: Callable[[Tensor, Tensor], Tensor]) -> None:
    a, b = normal(2, 3), normal(2, 3, seed=1)
    y = f(a, b)
    y.backward(np.ones(y.shape))
    held, copy = grad_of(a), grad_of(a).copy()
    y.backward(np.ones(y.shape))
    f(a, b).sum().backward()
    np.testing.assert_array_equal(held, copy)
    np.testing.assert_allclose(grad_of(a), 3 * copy)


def test_changing_one_gradient_in_place_leaves_the_others() -> None:
    a, b = leaf(1, 2), leaf(3, 4)
    (a + b).sum().backward()
    grad_of(a)[...] = 100
    np.testing.assert_array_equal(grad_of(b), [1, 1])


def test_a_leaf_that_is_its_own_loss_gets_a_copy() -> None:
    x, u = leaf(1, 2), np.array([3.0, 4.0])
    x.backward(u)
    u[0] = 9
    np.testing.assert_array_equal(grad_of(x), [3, 4])


def test_an_assigned_gradient_is_copied_and_added_to() -> None:
    a, b, g = leaf(1, 2), leaf(3, 4), np.array([1.0, 1.0])
    a.grad = g
    b.grad = g
    g[...] = 7
    (a * b).sum().backward()
    np.testing.assert_array_equal(g, [7, 7])
    np.testing.assert_array_equal(grad_of(a), [4, 5])
    np.testing.assert_array_equal(grad_of(b), [2, 3])


def test_gradients_from_grad_are_tensors_of_their_own() -> None:
    a, b = leaf(1, 2), leaf(3, 4)
    da, db = grad((a + b).sum(), [a, b])
    da += 1
    da.arr[...] = 7
    np.testing.assert_array_equal(db.arr, [1, 1])


CONSTANTS: dict[str, Callable[[Tensor, Any], Tensor]] = {
    "x * c": lambda x, c: x * c,
    "c * x": lambda x, c: c * x,
    "x / c": lambda x, c: x / c,
    "x ** c": lambda x, c: x**c,
    "x @ c": lambda x, c: x @ c,
    "maximum": npt.maximum,
    "where": lambda x, c: npt.where(c > 1, x, 0),
    "clip": lambda x, c: npt.clip(x, c - 1, c),
    "einsum": lambda x, c: npt.einsum("i,i->i", x, c),
    "index": lambda x, c: x[c.astype(int) % 3],
    "mask": lambda x, c: x[c > 1],
}


@pytest.mark.parametrize("f", CONSTANTS.values(), ids=CONSTANTS)
def test_a_constant_that_the_caller_changes_later_is_remembered_as_it_was(f: Callable[[Tensor, Any], Tensor]) -> None:
    def gradient(change: bool) -> Any:
        x, c = leaf(1, 2, 3), np.array([0.5, 2.5, 3.0])
        y = f(x, c).sum()
        if change:
            c[...] = 1
        y.backward()
        return grad_of(x)

    np.testing.assert_array_equal(gradient(change=True), gradient(change=False))


def test_an_index_array_that_the_caller_changes_later_is_remembered_as_it_was() -> None:
    x, index, mask = leaf(1, 2, 3), np.array([0, 0]), np.array([True, False, False])
    rows = npt.tensor(np.array([2, 2]))
    y = x[index].sum() + x[mask].sum() + x[rows].sum()
    index[...], mask[...], rows.arr[...] = 1, True, 1
    y.backward()
    np.testing.assert_array_equal(grad_of(x), [3, 0, 2])


def test_a_tensor_copies_what_it_is_made_from() -> None:
    a = np.array([1.0, 2.0])
    x = Tensor(a)
    y = Tensor(x)
    a[0] = x.arr[1] = 9
    np.testing.assert_array_equal(x.arr, [1, 9])
    np.testing.assert_array_equal(y.arr, [1, 2])


def test_assigning_arr_copies() -> None:
    a = np.zeros(2)
    x, y = npt.zeros(2), npt.zeros(2)
    x.arr = a
    y.arr = x.arr
    a[0] = y.arr[1] = 9
    np.testing.assert_array_equal(x.arr, [0, 0])
    x += 1
    y += 2
    np.testing.assert_array_equal(a, [9, 0])
    np.testing.assert_array_equal(x.arr, [1, 1])
    np.testing.assert_array_equal(y.arr, [2, 11])


def test_plus_x_is_another_tensor() -> None:
    x = npt.zeros(2)
    y = +x
    y += 1
    np.testing.assert_array_equal(x.arr, [0, 0])


windows: Any = np.lib.stride_tricks.sliding_window_view  # of a Tensor, it gives a Tensor
VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "reshape": lambda x: x.reshape(6),
    "transpose": lambda x: x.T,
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "flip": npt.flip,
    "squeeze": npt.squeeze,
    "unsqueeze": lambda x: x.unsqueeze(0),
    "broadcast_to": lambda x: npt.broadcast_to(x, (5, 2, 3)),
    "einsum": lambda x: npt.einsum("ij->ji", x),
    "windows": lambda x: windows(x, 2, axis=1),
    "row": lambda x: x[0],
    "step": lambda x: x[:, ::2],
    "astype": lambda x: x.astype(np.float64),
    "plus": lambda x: +x,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("written_before", [False, True])
def test_a_view_keeps_its_values_when_the_input_is_written_to(
    view: Callable[[Tensor], Tensor], written_before: bool
) -> None:
    x = normal(2, 3) * 1
    if written_before:
        x[0, 0] = 5.0
    y = view(x)
    before = y.arr.copy()
    x[...] = 0.0
    x += 1
    x += 1
    np.testing.assert_array_equal(y.arr, before)


@pytest.mark.parametrize("view", [v for k, v in VIEWS.items() if k not in ("row", "step")])
@pytest.mark.parametrize("written_before", [False, True])
def test_writing_to_a_view_never_changes_the_input(view: Callable[[Tensor], Tensor], written_before: bool) -> None:
    x = normal(2, 3) * 1
    if written_before:
        x[0, 0] = 5.0
    before = x.arr.copy()
    y = view(x)
    y += 1
    y[...] = 0.0
    y += 1
    np.testing.assert_array_equal(x.arr, before)
