"""Operations that a student writes: GradFn, f_d, attach, and what is said when one of them is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from numpytorch import DtypeError, GraphError, ShapeError, Tensor, nn
from numpytorch.autograd import GradFn, attach, grad, gradcheck
from numpytorch.grad_fn import GradFn as GradFnOfEarlierCoursework
from tests.engine.tools import grad_of, leaf, normal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array
    from numpytorch.autograd import OutputNode, TensorNode


class LinearGradFn(GradFnOfEarlierCoursework):
    """Written the way the course has always written it."""

    def __init__(self, x: Tensor, w: Tensor, b: Tensor) -> None:
        super().__init__(x, w, b)

    def f_d(self, *args: TensorNode) -> Any:
        x, w, b, y = args
        assert b.shape == y.shape[1:]
        assert y.grad is not None
        return y.grad @ w.arr.T, x.arr.T @ y.grad, y.grad.sum(axis=0)


def linear(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    out = x.arr @ w.arr + b.arr
    return Tensor(out, requires_grad=x.requires_grad, is_leaf=False, grad_fn=LinearGradFn(x, w, b))


class SquareGradFn(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * 2 * x.arr,)


def square(x: Tensor) -> Tensor:
    return attach(x.arr**2, SquareGradFn(x))


def test_the_coursework_style_has_the_right_gradient() -> None:
    assert gradcheck(linear, [normal(2, 3), normal(3, 5, seed=1), normal(5, seed=2)])


def test_attach_has_the_right_gradient_and_second_derivative() -> None:
    x = leaf(2, 3)
    assert gradcheck(square, [x])
    (dx,) = grad((square(x) * x).sum(), [x], create_graph=True)
    dx.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [12, 18])


def test_an_untracked_input_does_not_cut_the_weights_off() -> None:
    x, w, b = Tensor(np.ones((2, 3))), nn.Parameter(np.ones((3, 5))), nn.Parameter(np.zeros(5))
    y = linear(x, w, b)  # says requires_grad=x.requires_grad, which is False
    assert y.requires_grad
    assert not y.is_leaf
    assert isinstance(y.grad_fn, LinearGradFn)
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(w), np.full((3, 5), 2))
    np.testing.assert_array_equal(grad_of(b), np.full(5, 2))
    assert x.grad is None


@pytest.mark.parametrize("asked", [False, True])
def test_a_grad_fn_decides_whatever_requires_grad_says(asked: bool) -> None:
    x, c = leaf(1, 2), Tensor(np.ones(2))
    assert Tensor(x.arr * 2, requires_grad=asked, grad_fn=SquareGradFn(x)).requires_grad
    assert Tensor(x.arr * 2, requires_grad=asked, is_leaf=True, grad_fn=SquareGradFn(x)).grad_fn is not None
    assert Tensor(c.arr * 2, requires_grad=asked, grad_fn=SquareGradFn(c)).requires_grad is asked
    assert Tensor(c.arr * 2, requires_grad=asked, grad_fn=SquareGradFn(c)).is_leaf


def test_any_parent_that_requires_a_gradient_is_enough() -> None:
    for which in range(3):
        parents = [Tensor(np.ones((3, 3)), requires_grad=i == which) for i in range(3)]
        assert attach(np.ones((3, 3)), LinearGradFn(*parents)).requires_grad


def test_a_tensor_with_a_grad_fn_copies_and_attach_does_not() -> None:
    x = leaf(1, 2)
    out = x.arr * 2
    assert not np.shares_memory(Tensor(out, grad_fn=SquareGradFn(x)).arr, out)
    assert attach(out, SquareGradFn(x)).arr is out


def test_a_result_that_shows_an_inputs_memory_is_safe_from_writes_to_it() -> None:
    class TurnGradFn(GradFn):
        def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
            return (y.grad.T,)

    x = normal(2, 3) * 1
    x[0, 0] = 5.0
    y = attach(x.arr.T, TurnGradFn(x))
    before = y.arr.copy()
    x += 1
    np.testing.assert_array_equal(y.arr, before)
    y += 1
    np.testing.assert_array_equal(y.arr, before + 1)


def test_a_rule_may_return_a_list_scalars_or_what_broadcasts() -> None:
    class Loose(GradFn):
        def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Any:
            return [y.grad.sum(), np.ones((5, 2, 3)) * y.grad]

    a, b = Tensor(1.0, requires_grad=True), normal(2, 1)
    attach(a.arr + np.broadcast_to(b.arr, (2, 3)), Loose(a, b)).sum().backward()
    assert grad_of(a) == 6
    np.testing.assert_array_equal(grad_of(b), [[15], [15]])


def test_a_rule_sees_its_upstream_gradient_in_the_shape_and_dtype_of_its_result() -> None:
    seen = []

    class Looker(GradFn):
        def f_d(self, x: TensorNode, y: OutputNode) -> Any:
            seen.append((type(y.grad), y.grad.shape == y.arr.shape, y.grad.dtype == y.arr.dtype))
            return (y.grad,)

    for values in (np.ones((2, 3), np.float32), np.float32(1)):
        x = Tensor(np.asarray(values), requires_grad=True)
        y = attach(x.arr * 1, Looker(x))
        y.backward(np.ones(y.shape))
        (y * np.ones((5, 1, 1))).sum().backward()
        (y + y).sum().backward()
    assert seen == [(np.ndarray, True, True)] * 6


def test_a_rule_may_hand_on_its_upstream_gradient_or_an_array_it_keeps() -> None:
    kept = np.ones(2)

    class Keeper(GradFn):
        def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Any:
            return kept, y.grad

    a, b = leaf(1, 2), leaf(3, 4)
    y = attach(a.arr + b.arr, Keeper(a * 1, b))
    (y + y).backward(np.ones(2))
    y.backward(np.ones(2))
    np.testing.assert_array_equal(kept, [1, 1])
    np.testing.assert_array_equal(grad_of(b), [3, 3])


def test_none_means_no_gradient() -> None:
    class OnlyFirst(GradFn):
        def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Any:
            return y.grad, None

    a, b = leaf(1), leaf(2)
    attach(a.arr + b.arr, OnlyFirst(a, b)).backward()
    np.testing.assert_array_equal(grad_of(a), [1])
    assert b.grad is None


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "one array": (lambda y: y.grad, GraphError, r"WrongGradFn\.f_d: expected a tuple of 2 .* got ndarray.*\(dx,\)"),
    "nothing": (lambda y: None, GraphError, r"WrongGradFn\.f_d: expected a tuple of 2 .* got NoneType"),
    "too few": (lambda y: (y.grad,), GraphError, r"expected 2 gradient\(s\), one for each parent .*, got 1\..*None"),
    "too many": (lambda y: (y.grad,) * 3, GraphError, r"expected 2 gradient\(s\), .* got 3"),
    "wrong shape": (lambda y: (y.grad.T, y.grad), ShapeError, r"WrongGradFn.* shape \(2, 3\).*got \(3, 2\).*axes"),
    "too small": (lambda y: (y.grad.sum(), y.grad), ShapeError, r"gradient of shape \(2, 3\).*got \(\)"),
    "a Tensor": (lambda y: (Tensor(y.grad), y.grad), GraphError, r"expected an array .* got Tensor.*use `\.arr`"),
    "text": (lambda y: ("dx", y.grad), GraphError, r"expected an array as gradient .* got str"),
}


@pytest.mark.parametrize(("rule", "error", "text"), WRONG.values(), ids=WRONG)
def test_a_rule_that_returns_the_wrong_thing_is_told_so(
    rule: Callable[[Any], Any], error: type[Exception], text: str
) -> None:
    class WrongGradFn(GradFn):
        def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Any:
            return rule(y)

    a, b = normal(2, 3), normal(2, 3, seed=1)
    loss = attach(a.arr + b.arr, WrongGradFn(a, b)).sum()
    with pytest.raises(error, match=text):
        loss.backward()
    assert a.grad is None
    assert b.grad is None


def test_a_rule_without_f_d_is_told_so() -> None:
    class Empty(GradFn):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty\.f_d: expected a rule f_d\(self, \*parents, y\), got none"):
        attach(np.ones(1), Empty(leaf(1))).backward()


@pytest.mark.parametrize("make", [attach, lambda out, rule: Tensor(out, grad_fn=rule)])
def test_a_forgotten_super_init_is_told_so(make: Callable[[Array, GradFn], Tensor]) -> None:
    class Forgetful(GradFn):
        def __init__(self, x: Tensor) -> None:
            self.x = x

    with pytest.raises(GraphError, match=r"Forgetful: expected its parents, got none\. Call super\(\)\.__init__\(x, w"):
        make(np.ones(1), Forgetful(leaf(1)))


@pytest.mark.parametrize("parent", [None, 3, np.ones(2), [leaf(1)]])
def test_a_parent_that_is_no_tensor_is_told_so(parent: Any) -> None:
    with pytest.raises(DtypeError, match=r"LinearGradFn: expected Tensors as parents .*, got .*attribute of its own"):
        LinearGradFn(leaf(1), leaf(2), parent)


def test_an_integer_result_of_tracked_parents_is_refused() -> None:
    with pytest.raises(DtypeError, match="SquareGradFn: expected a floating-point result, got int64"):
        attach(np.array([1, 2]), SquareGradFn(leaf(1, 2)))


def test_a_numpy_scalar_becomes_an_array() -> None:
    y = attach(np.ones(3).sum(), SquareGradFn(leaf(1)))
    assert type(y.arr) is np.ndarray
