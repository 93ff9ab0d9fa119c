"""grad(): derivatives as Tensors, from the rules that backward() runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import GraphError, ShapeError, Tensor
from numpytorch.autograd import GradFn, attach, grad
from tests.engine.tools import grad_of, leaf, normal


def test_it_agrees_with_backward_and_leaves_grad_alone() -> None:
    x, w = normal(2, 3), normal(3, 5, seed=1)
    u = np.random.default_rng(3).standard_normal((2, 5))
    y = npt.tanh(x @ w)
    dx, dw = grad(y, [x, w], u)
    assert x.grad is None
    assert not dx.requires_grad
    y.backward(u)
    np.testing.assert_allclose(dx.arr, grad_of(x), rtol=1e-14)
    np.testing.assert_allclose(dw.arr, grad_of(w), rtol=1e-14)


def test_third_derivatives_of_a_power() -> None:
    x = leaf(2, 3)
    y = x**4
    for factor in (4, 12, 24):
        (y,) = grad(y.sum(), [x], create_graph=True)
        power = {4: 3, 12: 2, 24: 1}[factor]
        np.testing.assert_allclose(y.arr, factor * x.arr**power)


def test_third_derivatives_through_indexing_with_repeats() -> None:
    x = leaf(2, 3)
    y = (x[[0, 0, 1]] * x[[1, 0, 0]] * x[0]).sum()  # 2 a^2 b + a^3
    (first,) = grad(y, [x], create_graph=True)
    np.testing.assert_allclose(first.arr, [4 * 6 + 3 * 4, 2 * 4])
    (second,) = grad(first[0], [x], create_graph=True)
    np.testing.assert_allclose(second.arr, [4 * 3 + 6 * 2, 4 * 2])
    (third,) = grad(second[0], [x])
    np.testing.assert_allclose(third.arr, [6, 4])


def test_an_intermediate_result_can_be_an_input() -> None:
    x = leaf(1, 2)
    h = x * 3
    (dh,) = grad((h * h).sum(), [h])
    np.testing.assert_array_equal(dh.arr, [6, 12])
    (same,) = grad(h, [h], np.array([5.0, 7.0]))
    np.testing.assert_array_equal(same.arr, [5, 7])


def test_an_unused_input_gets_zeros_or_none() -> None:
    x, z = leaf(1, 2), leaf(3)
    y = x.sum()
    assert grad(y, [z], allow_unused=True) == (None,)
    np.testing.assert_array_equal(grad(y, [z])[0].arr, [0])


def test_a_gradient_penalty_trains() -> None:
    x, w = normal(5, 3), normal(3, seed=1)
    (dx,) = grad(npt.tanh(x @ w).sum(), [x], create_graph=True)
    ((dx * dx).sum(axis=1) - 1).mean().backward()
    slope = 1 - np.tanh(x.arr @ w.arr) ** 2
    norm2 = (w.arr**2).sum()
    by_hand = (2 * w.arr * (slope**2).mean()) + norm2 * np.mean(
        (2 * slope * -2 * np.tanh(x.arr @ w.arr) * slope)[:, None] * x.arr, axis=0
    )
    np.testing.assert_allclose(grad_of(w), by_hand)


def test_inputs_and_output_must_require_gradients() -> None:
    x = leaf(1)
    with pytest.raises(GraphError, match=r"grad: expected inputs with requires_grad=True, .*shape \(2,\)"):
        grad(x * 2, [Tensor(np.ones(2))])
    with pytest.raises(GraphError, match="grad: expected an output with requires_grad=True"):
        grad(Tensor(np.ones(2)), [x])


def test_the_gradient_must_have_the_shape_of_the_output() -> None:
    x = leaf(1, 2)
    with pytest.raises(ShapeError, match=r"grad: expected a gradient of shape \(2,\), got \(3,\)"):
        grad(x * 2, [x], np.ones(3))


@pytest.mark.parametrize(("result", "error"), [("y", GraphError), (("y",), GraphError), ("shape", ShapeError)])
def test_a_wrong_rule_is_named_here_too(result: Any, error: type[Exception]) -> None:
    class WrongGradFn(GradFn):
        def f_d(self, x: Any, y: Any) -> Any:
            return (np.ones(7),) if result == "shape" else result

    x = leaf(1, 2)
    with pytest.raises(error, match=r"WrongGradFn\.f_d"):
        grad(attach(x.arr * 2, WrongGradFn(x)), [x])


def test_a_rule_that_gives_numbers_or_arrays_gives_constants() -> None:
    class Constant(GradFn):
        def f_d(self, x: Any, y: Any) -> Any:
            return (2.0 if x.shape == () else np.full((5, 2), 3.0),)

    s, v = Tensor(1.0, requires_grad=True), leaf(1, 2)
    assert grad(attach(s.arr * 2, Constant(s)), [s])[0].item() == 2
    np.testing.assert_array_equal(grad(attach(v.arr * 2, Constant(v)), [v])[0].arr, [15, 15])


def test_a_single_tensor_in_place_of_a_list_of_inputs_is_refused() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    with pytest.raises(GraphError, match=r"Write grad\(y, \[x\]\)"):
        grad((x * x).sum(), x)  # type: ignore[arg-type]
