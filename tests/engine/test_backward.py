"""backward(): where it may start, what it leaves behind, and what an error in a rule leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import GraphError, ShapeError, Tensor
from numpytorch.autograd import GradFn, attach
from tests.engine.tools import grad_of, leaf, normal

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.autograd import OutputNode, TensorNode


def test_from_a_tensor_with_a_gradient_it_is_the_vector_jacobian_product() -> None:
    x = leaf(1, 2, 3)
    (x * x).backward(np.array([1.0, 10.0, 100.0]))
    np.testing.assert_array_equal(grad_of(x), [2, 40, 600])
    (x * x).backward(npt.tensor([1.0, 0.0, 0.0]))
    np.testing.assert_array_equal(grad_of(x), [4, 40, 600])


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_from_one_entry_of_any_shape_it_needs_no_gradient(shape: tuple[int, ...]) -> None:
    x = leaf(3)
    (x * x).reshape(shape).backward()
    np.testing.assert_array_equal(grad_of(x), [6])


def test_on_a_leaf_it_is_one() -> None:
    x = leaf(3)
    x.backward()
    x.backward()
    np.testing.assert_array_equal(grad_of(x), [2])


def test_of_a_scalar_leaf_the_gradient_is_an_array() -> None:
    x = Tensor(2.0, requires_grad=True)
    (x * 3 + x * np.ones(5)).sum().backward()
    assert grad_of(x).ndim == 0
    grad_of(x)[...] = 1


def test_only_leaves_keep_a_gradient() -> None:
    x = leaf(1, 2)
    y = x * 2
    z = y.sum()
    z.backward()
    assert y.grad is None
    assert z.grad is None


def test_a_parent_that_needs_none_gets_none() -> None:
    x, c = leaf(1, 2), Tensor(np.array([3.0, 4.0]))
    (x * c).sum().backward()
    assert c.grad is None


def test_a_leaf_switched_off_after_the_forward_pass_gets_none() -> None:
    a, b = leaf(1, 2), leaf(3, 4)
    loss = (a * b).sum()
    a.requires_grad = False
    loss.backward()
    assert a.grad is None
    np.testing.assert_array_equal(grad_of(b), [1, 2])


def test_detach_cuts_the_graph() -> None:
    x = leaf(3)
    (x * x.detach()).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [3])


class PickyGradFn(GradFn):
    broken = True

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        if PickyGradFn.broken:
            raise KeyError("a student's mistake")
        return (y.grad * 2,)


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_after_an_error_in_a_rule_all_is_as_before_and_the_next_pass_is_right(error: type[BaseException]) -> None:
    x, w, late = leaf(1, 2), leaf(3, 4), leaf(5, 6)
    (w * 7).sum().backward()
    before = grad_of(w)
    hidden = x * w
    picky = attach(hidden.arr * 2, PickyGradFn(hidden))
    loss = (picky + hidden * late + w).sum()
    PickyGradFn.broken = True
    with pytest.MonkeyPatch.context() as patch:
        if error is KeyboardInterrupt:

            def interrupted(self: GradFn, *nodes: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(PickyGradFn, "f_d", interrupted)
        for _ in range(2):
            with pytest.raises(error):
                loss.backward()
    assert w.grad is before
    np.testing.assert_array_equal(before, [7, 7])
    assert x.grad is None
    assert late.grad is None
    assert all(t.node.grad_cnt == 0 for t in (x, w, late, hidden, picky, loss))
    assert hidden.grad is None
    PickyGradFn.broken = False
    loss.backward()
    np.testing.assert_array_equal(grad_of(x), [(2 + 5) * 3, (2 + 6) * 4])
    np.testing.assert_array_equal(grad_of(w), [7 + 7 * 1 + 1, 7 + 8 * 2 + 1])
    np.testing.assert_array_equal(grad_of(late), [3, 8])


def test_without_a_graph_it_says_how_the_graph_was_cut() -> None:
    x = leaf(1)
    with pytest.raises(
        GraphError, match=r"backward: expected .* got one with requires_grad=False.*nn\.Parameter.*`\.arr`"
    ):
        Tensor(x.arr * 2).backward()


def test_a_loss_that_is_no_scalar_must_be_reduced() -> None:
    with pytest.raises(ShapeError, match=r"expected a scalar loss, got shape \(2, 3\).*`\.sum\(\)`"):
        (normal(2, 3) * 2).backward()


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"expected a gradient of shape \(2, 3\), that of the Tensor, got \(3, 2\)"):
        (normal(2, 3) * 2).backward(np.ones((3, 2)))


def test_requires_grad_cannot_be_taken_from_a_result() -> None:
    y = leaf(1) * 2
    with pytest.raises(GraphError, match=r"requires_grad: expected True.*`\.detach\(\)`"):
        y.requires_grad = False
    y.requires_grad = True


def test_grad_is_assigned_to_leaves_only_and_in_their_shape() -> None:
    x = leaf(1, 2)
    with pytest.raises(ShapeError, match=r"Tensor\.grad: expected shape \(2,\) or None, got \(3,\)"):
        x.grad = np.ones(3)
    with pytest.raises(GraphError, match=r"Tensor\.grad: expected a leaf.*backward\(gradient\)"):
        (x * 2).grad = np.ones(2)
    x.grad = None


def test_arr_keeps_its_shape() -> None:
    x = leaf(1, 2)
    with pytest.raises(ShapeError, match=r"Tensor\.arr: expected values of shape \(2,\), got \(3,\)"):
        x.arr = np.ones(3)
