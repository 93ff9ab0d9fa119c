"""x += y and its kin are differentiable, and keep x's shape, dtype and memory."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, GraphError, ShapeError, Tensor
from tests.engine.tools import grad_of, leaf

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "**=": operator.ipow,
    "@=": operator.imatmul,
}

each_operator = pytest.mark.parametrize("op", OPERATORS.values(), ids=OPERATORS)


@each_operator
def test_the_tensor_stays_the_same_object_and_the_input_is_untouched(op: Callable[[Any, Any], Any]) -> None:
    x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    y = z = x * 1
    y = op(y, np.eye(2) + 1)
    assert y is z
    np.testing.assert_array_equal(x.arr, [[1, 2], [3, 4]])
    y.sum().backward()
    assert np.abs(grad_of(x)).sum() > 0


@each_operator
def test_a_leaf_that_requires_a_gradient_is_refused(op: Callable[[Any, Any], Any]) -> None:
    x = Tensor(np.ones((2, 2)), requires_grad=True)
    with pytest.raises(GraphError, match=r"x \S+ y: .*got a leaf.*y = x\.copy\(\).*no_grad"):
        op(x, np.ones((2, 2)))


@each_operator
def test_float32_stays_float32_whatever_is_added(op: Callable[[Any, Any], Any]) -> None:
    x = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    y = x * 1
    for _ in range(2):
        y = op(y, np.ones((2, 2)))
    assert y.dtype == np.float32
    y.sum().backward()
    assert grad_of(x).dtype == np.float32


@each_operator
def test_under_no_grad_a_parameter_changes_in_place_and_stays_a_leaf(op: Callable[[Any, Any], Any]) -> None:
    x = Tensor(np.array([[1.0, 2.0], [3.0, 5.0]]), requires_grad=True)
    node, expected = x.node, op(x.arr.copy(), np.array([[2.0, 1.0], [1.0, 3.0]]))
    with npt.no_grad():
        y = op(x, np.array([[2.0, 1.0], [1.0, 3.0]]))
    assert y is x
    assert x.node is node
    assert x.is_leaf
    assert x.requires_grad
    np.testing.assert_allclose(x.arr, expected)


def test_chained_additions_use_one_buffer() -> None:
    w = leaf(1, 2)
    total = npt.zeros(2)
    total += w
    place = total.arr.ctypes.data
    for _ in range(20):
        total += w
        total -= w * 0.5
        assert total.arr.ctypes.data == place
    total.sum().backward()
    np.testing.assert_allclose(grad_of(w), [11, 11])


def test_a_tensor_can_be_added_to_itself() -> None:
    x = leaf(1, 2)
    y = x * 1
    y += y
    y += y
    y -= y * 0.5
    y *= y
    np.testing.assert_array_equal(y.arr, [4, 16])
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [8, 16])


def test_multiplying_in_place_keeps_what_backward_needs() -> None:
    x, w = leaf(3), leaf(5)
    y = x * 1
    for _ in range(3):
        y *= w
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [125])
    np.testing.assert_array_equal(grad_of(w), [3 * 3 * 25])


def test_adding_to_what_exp_gave_is_noticed_only_if_it_is_lost() -> None:
    x = leaf(1)
    y = npt.exp(x)
    y += 1  # takes memory of its own, so exp keeps its value
    y += 1
    y.sum().backward()
    np.testing.assert_allclose(grad_of(x), np.exp([1]))


def test_the_operand_broadcasts_to_the_tensor() -> None:
    b = leaf(1, 2, 3)
    y = npt.zeros(2, 3)
    y += b
    y -= 2 * b
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(b), [-2, -2, -2])


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("name", ["+=", "-=", "*=", "/="])
def test_an_operand_that_would_make_it_grow_is_refused(name: str, written: bool) -> None:
    y = npt.ones(3) * 1
    if written:
        y += 1
    before = y.arr.copy()
    with pytest.raises(ShapeError, match=rf"x \{name} y: .*of shape \(3,\), got \(2, 3\)"):
        OPERATORS[name](y, npt.ones(2, 3))
    np.testing.assert_array_equal(y.arr, before)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("name", ["+=", "-=", "*=", "/="])
def test_fractions_are_not_cut_to_fit_integers(name: str, written: bool) -> None:
    y = npt.tensor([1, 2])
    if written:
        y += 1
    with pytest.raises(DtypeError, match=r"expected a result that x, of int64, can hold, got float64.*astype"):
        OPERATORS[name](y, 0.5)


def test_a_reshaped_input_is_not_modified() -> None:
    data = npt.zeros(2, 3)
    flat = data.reshape(6)
    flat += 1
    flat += 1
    np.testing.assert_array_equal(data.arr, np.zeros((2, 3)))
