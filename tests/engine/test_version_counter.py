"""A value that backward needs and that has been overwritten is an error; one that it does not need is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import GraphError, Tensor, optim
from numpytorch.autograd import grad
from tests.engine.tools import grad_of, leaf, normal

if TYPE_CHECKING:
    from collections.abc import Callable

HELP = (
    r"backward: MulGradFn needs the value of a tensor of shape \(3,\) as it was in the forward pass \(version \d+\), "
    r"but it has been overwritten since \(version \d+\), by item assignment.*Assign before you use"
)


def _setitem(y: Tensor) -> None:
    y[0] = 5.0


def _add(y: Tensor) -> None:
    y += 1


def _subtract_part(y: Tensor) -> None:
    y[1:] -= 1


def _assign_arr(y: Tensor) -> None:
    y.arr = np.ones(3)


def _augment_arr(y: Tensor) -> None:
    y.arr -= 1


def _without_grad(y: Tensor) -> None:
    with npt.no_grad():
        y *= 2


WRITES: dict[str, Callable[[Tensor], None]] = {
    "x[0] = v": _setitem,
    "x += v": _add,
    "x[1:] -= v": _subtract_part,
    "x.arr = v": _assign_arr,
    "x.arr -= v": _augment_arr,
    "no_grad": _without_grad,
}

each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


@each_write
def test_a_needed_value_that_is_gone_is_an_error(write: Callable[[Tensor], None]) -> None:
    x = normal(3)
    y = x * 1
    y[2] = 1.0  # y has memory of its own from here on, and writes go into it
    z = y * y
    write(y)
    with pytest.raises(GraphError, match=HELP):
        z.sum().backward()
    with pytest.raises(GraphError, match=HELP):
        grad(z, [x])


@each_write
def test_a_value_that_is_not_needed_may_be_overwritten(write: Callable[[Tensor], None]) -> None:
    x = normal(3)
    y = x * 1
    y[2] = 1.0
    z = y + 3 - y.reshape(3) * 4
    write(y)
    z.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [-3, -3, 0])


@pytest.mark.parametrize("name", ["x[0] = v", "x += v", "x[1:] -= v"])
def test_the_first_write_takes_memory_of_its_own_and_loses_nothing(name: str) -> None:
    x = leaf(1, 2, 3)
    y = x * 1
    z = y * y
    WRITES[name](y)
    z.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [2, 4, 6])


def test_an_output_that_its_own_rule_needs_is_watched_too() -> None:
    x = leaf(1, 2, 3)
    y = npt.exp(x)
    with npt.no_grad():
        y += 1
    with pytest.raises(GraphError, match="ExpGradFn needs the value"):
        y.sum().backward()


def test_an_optimizer_step_between_forward_and_backward_is_an_error() -> None:
    w, x = normal(3, 2), normal(5, 3)
    loss = (x @ w).sum()
    loss.backward()
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(GraphError, match=r"MatmulGradFn needs .*\(3, 2\).*optimizer's step.*run forward again"):
        loss.backward()
    (x @ w).sum().backward()


VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "transpose": lambda w: w.T,
    "reshape": lambda w: w.reshape(2, 3),
    "row by row": lambda w: npt.stack([w[:, 0], w[:, 1]]) * w.T,
    "part": lambda w: w[:, :].T,
    "view of a view": lambda w: npt.flip(w.reshape(6)).reshape(3, 2).T,
    "broadcast": lambda w: npt.broadcast_to(w.T, (1, 2, 3))[0],
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_step_is_noticed_through_every_view_of_the_parameter(view: Callable[[Tensor], Tensor]) -> None:
    w, x = normal(3, 2), normal(5, 2, seed=1)
    loss = (x @ view(w)).sum()
    w.arr -= 0.1
    with pytest.raises(GraphError, match="has been overwritten since"):
        loss.backward()


def test_training_steps_one_after_the_other_are_no_error() -> None:
    w, x = normal(3, 2), normal(5, 3)
    sgd = optim.SGD([w], lr=0.01)
    before = np.inf
    for _ in range(5):
        sgd.zero_grad()
        loss = (npt.tanh(x @ w.T.T) ** 2).mean()
        loss.backward()
        (dw,) = grad((npt.tanh(x @ w) ** 2).mean(), [w], create_graph=True)
        np.testing.assert_allclose(dw.arr, grad_of(w))
        sgd.step()
        assert loss.item() < before
        before = loss.item()


def test_what_is_computed_after_the_write_sees_the_new_value() -> None:
    w = leaf(1, 2, 3)
    with npt.no_grad():
        w += 1
    (w * w).sum().backward()
    np.testing.assert_array_equal(grad_of(w), [4, 6, 8])


def test_a_value_read_from_a_buffer_survives_later_writes_to_it() -> None:
    w = leaf(3)
    out = npt.zeros(3)
    out[0] = w[0]
    first = out[0] * out[0]
    out[1] = first
    out[0] = 0.0
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [6])


def test_the_windows_of_an_overwritten_tensor_need_only_its_shape() -> None:
    x = normal(1, 4)
    windows: Any = np.lib.stride_tricks.sliding_window_view
    y = windows(x, 2, axis=1)
    x.arr -= 1
    y.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [[1, 2, 2, 1]])


def test_after_the_error_a_new_forward_pass_is_right() -> None:
    w = leaf(1, 2, 3)
    loss = (w * w).sum()
    w.arr += 1
    with pytest.raises(GraphError):
        loss.backward()
    assert w.grad is None
    (w * w).sum().backward()
    np.testing.assert_array_equal(grad_of(w), [4, 6, 8])
