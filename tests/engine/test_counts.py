"""A node's rule runs once, when every consumer that the loss reaches has delivered, and no other is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import numpytorch as npt
from numpytorch import Tensor
from numpytorch.autograd import GradFn, attach
from tests.engine.tools import grad_of, leaf, normal

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.autograd import OutputNode, TensorNode


class CountedGradFn(GradFn):
    runs = 0

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        CountedGradFn.runs += 1
        return (y.grad * 2,)


def counted(x: Tensor) -> Tensor:
    return attach(x.arr * 2, CountedGradFn(x))


def test_a_branch_the_loss_never_uses_blocks_nothing() -> None:
    x = leaf(1, 2, 3)
    y = x * 2
    unused = npt.exp(y) * y
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [2, 2, 2])
    assert unused.requires_grad


def test_two_losses_on_one_trunk_add_up() -> None:
    x = leaf(1, 2)
    trunk = x * x
    first, second = (trunk * 3).sum(), (trunk * 5).sum()
    first.backward()
    np.testing.assert_array_equal(grad_of(x), [6, 12])
    second.backward()
    np.testing.assert_array_equal(grad_of(x), [16, 32])


def test_a_loss_on_one_time_step_reaches_the_weight() -> None:
    w = leaf(0.5)
    h, states = npt.ones(1), []
    for _ in range(7):
        h = h * w
        states.append(h)
    states[2].sum().backward()
    np.testing.assert_allclose(grad_of(w), [3 * 0.5**2])


def test_a_second_backward_adds_the_same_again() -> None:
    x = normal(2, 3)
    loss = (npt.tanh(x) * x).sum()
    loss.backward()
    once = grad_of(x).copy()
    loss.backward()
    np.testing.assert_array_equal(grad_of(x), 2 * once)


def test_a_shared_node_runs_its_rule_once() -> None:
    x = leaf(1, 2)
    CountedGradFn.runs = 0
    y = counted(x)
    (npt.exp(y) + y * y + y[0]).sum().backward()
    assert CountedGradFn.runs == 1


def test_a_ladder_of_diamonds_costs_its_length_not_its_paths() -> None:
    x = leaf(1)
    y = x
    CountedGradFn.runs = 0
    for _ in range(60):  # 2**60 paths
        y = counted(y)
        y = (y + y) * 0.25
    y.sum().backward()
    assert CountedGradFn.runs == 60
    np.testing.assert_array_equal(grad_of(x), [1])


def test_one_tensor_as_both_parents_gets_both_shares() -> None:
    x = leaf(3, 5)
    (x * x + x + x - x / x + x**x * 0).sum().backward()
    np.testing.assert_allclose(grad_of(x), [8, 12])


def test_a_long_and_a_short_way_to_one_node_meet() -> None:
    x = leaf(2)
    y = x * 1
    z = y
    for _ in range(5):
        z = z * 2
    (y * z).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [2 * 32 * 2])


class NoneGradFn(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[None]:
        return (None,)


def test_a_rule_that_gives_no_gradient_still_delivers() -> None:
    x = leaf(1)
    y = x * 2
    nothing = attach(y.arr * 1, NoneGradFn(y))
    (nothing * 7 + y).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [2])
    x.grad = None
    nothing.sum().backward()
    assert x.grad is None


def test_a_node_that_got_no_gradient_still_delivers() -> None:
    x = leaf(1)
    y = x * 2
    between = npt.exp(y)
    nothing = attach(between.arr * 1, NoneGradFn(between))
    (nothing * 7 + y).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [2])


def test_backward_on_the_trunk_then_on_the_loss() -> None:
    x = leaf(1, 2)
    trunk = x * 3
    loss = (trunk * trunk).sum()
    trunk.sum().backward()
    loss.backward()
    np.testing.assert_array_equal(grad_of(x), [3 + 18, 3 + 36])
    assert trunk.grad is None
