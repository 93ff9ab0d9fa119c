"""Every operation: its values, its gradient, its second derivatives, its dtype, what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from numpytorch import Tensor, no_grad
from numpytorch.autograd import grad
from tests.functions.cases import CASES, Case
from tests.functions.checks import check_gradient, check_second_derivatives, torch_gradients, upstream

each_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)


@each_case
def test_values_are_those_of_numpy(case: Case) -> None:
    y = case.ours(*case.tensors())
    expected = case.numpy(*case.draw())
    assert y.shape == np.shape(expected)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.arr, expected, rtol=1e-13, atol=1e-14)


@each_case
def test_gradient_is_that_of_finite_differences(case: Case) -> None:
    check_gradient(case)


@each_case
def test_gradient_is_that_of_torch(case: Case) -> None:
    expected_y, expected = torch_gradients(case)
    inputs = case.tensors()
    y = case.ours(*inputs)
    np.testing.assert_allclose(y.arr, expected_y, rtol=1e-12, atol=1e-13)
    y.backward(upstream(y.shape))
    for x, dx in zip(inputs, expected, strict=True):
        np.testing.assert_allclose(np.zeros(x.shape) if x.grad is None else x.grad, dx, rtol=1e-11, atol=1e-13)


@each_case
def test_grad_gives_what_backward_gives(case: Case) -> None:
    inputs = case.tensors()
    y = case.ours(*inputs)
    u = upstream(y.shape)
    y.backward(u)
    for x, dx in zip(inputs, grad(y, inputs, u, create_graph=True), strict=True):
        np.testing.assert_allclose(dx.arr, np.zeros(x.shape) if x.grad is None else x.grad, rtol=1e-11, atol=1e-13)


@each_case
def test_second_derivatives_are_those_of_finite_differences(case: Case) -> None:
    check_second_derivatives(case)


@each_case
def test_float32_stays_float32_both_ways(case: Case) -> None:
    if case.name.startswith(("array ", "clip between arrays", "astype")):
        pytest.skip("takes a float64 array, which wins as it does in NumPy")
    inputs = case.tensors(np.float32)
    y = case.ours(*inputs)
    assert y.dtype == np.float32
    y.backward(upstream(y.shape))
    for x in inputs:
        assert x.grad is None or (x.grad.dtype == np.float32 and x.grad.shape == x.shape)


@each_case
def test_inputs_and_upstream_gradient_are_left_as_they_were(case: Case) -> None:
    inputs = case.tensors()
    y = case.ours(*inputs)
    u = upstream(y.shape)
    y.backward(u)
    np.testing.assert_array_equal(u, upstream(y.shape))
    for x, before in zip(inputs, case.draw(), strict=True):
        np.testing.assert_array_equal(x.arr, before)


@each_case
def test_no_two_gradients_share_memory(case: Case) -> None:
    inputs = case.tensors()
    y = case.ours(*inputs)
    u = upstream(y.shape)
    y.backward(u)
    arrays = [u, y.arr, *[a for x in inputs for a in (x.grad, x.arr) if a is not None]]
    gradients = [x.grad for x in inputs if x.grad is not None]
    for g in gradients:
        assert sum(np.shares_memory(g, a) for a in arrays) == (g.size > 0)
        assert g.flags.writeable


@each_case
def test_without_gradients_there_is_no_graph(case: Case) -> None:
    constant = case.ours(*(Tensor(x) for x in case.draw()))
    with no_grad():
        unrecorded = case.ours(*case.tensors())
    for y in (constant, unrecorded):
        assert y.is_leaf
        assert not y.requires_grad
        np.testing.assert_array_equal(y.arr, case.ours(*case.tensors()).arr)


@each_case
def test_non_contiguous_and_read_only_memory_gives_the_same(case: Case) -> None:
    def awkward(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
        big = np.empty((*x.shape, 2)).T  # Fortran order, every other entry
        t = Tensor(x, requires_grad=True)
        t.node.arr = big[0].T if x.ndim else x.copy()
        t.node.arr[...] = x
        t.node.arr.flags.writeable = False
        return t

    plain, inputs = case.tensors(), [awkward(x) for x in case.draw()]
    for xs in (plain, inputs):
        y = case.ours(*xs)
        y.backward(upstream(y.shape))
    for a, b in zip(plain, inputs, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None and b.grad is not None:
            np.testing.assert_allclose(a.grad, b.grad, rtol=1e-12, atol=1e-14)
