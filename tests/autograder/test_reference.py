"""What everything is held to is itself held to: PyTorch, where it is installed, and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checks import reference

CASES = [(2, 3, 7, 5, 4, 3, 1, 0), (3, 2, 8, 11, 5, 2, 3, 0), (2, 3, 5, 4, 5, 4, 3, 2), (1, 1, 3, 7, 2, 1, 2, 1)]


@pytest.mark.parametrize("case", CASES)
def test_the_convolution_and_its_gradients_are_those_of_pytorch(case: tuple[int, ...]) -> None:
    torch: Any = pytest.importorskip("torch")
    n, c, h, w, f, k, stride, padding = case
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s) for s in ((n, c, h, w), (f, c, k, k), (f,)))
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    y = torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding)
    np.testing.assert_allclose(reference.conv2d(x, weight, bias, stride, padding), y.detach().numpy(), atol=1e-12)
    dy = rng.standard_normal(tuple(y.shape))
    y.backward(torch.tensor(dy))
    ours = reference.conv2d_gradients(x, weight, bias, dy, stride, padding)
    for name, leaf in zip(("input", "weight", "bias"), leaves, strict=True):
        np.testing.assert_allclose(ours[name], leaf.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_gradients_of_the_convolution_are_its_finite_differences(case: tuple[int, ...]) -> None:
    n, c, h, w, f, k, stride, padding = case
    rng = np.random.default_rng(1)
    values = {"input": rng.standard_normal((n, c, h, w)), "weight": rng.standard_normal((f, c, k, k))}
    values["bias"] = rng.standard_normal(f)
    dy = rng.standard_normal(
        (n, f, reference.out_length(h, k, stride, padding), reference.out_length(w, k, stride, padding))
    )
    exact = reference.conv2d_gradients(values["input"], values["weight"], values["bias"], dy, stride, padding)
    for name, base in values.items():
        v = rng.standard_normal(base.shape)

        def loss(changed: Any, name: str = name) -> float:
            at = {**values, name: changed}
            return float(np.vdot(dy, reference.conv2d(at["input"], at["weight"], at["bias"], stride, padding)))

        measured = (loss(base + 1e-3 * v) - loss(base - 1e-3 * v)) / 2e-3  # it is linear in each: any step will do
        assert measured == pytest.approx(float(np.vdot(exact[name], v)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("k", "stride"), [(2, 2), (3, 1), (3, 2), (2, 3)])
def test_the_pooling_and_its_gradient_are_those_of_pytorch(k: int, stride: int) -> None:
    torch: Any = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    x = rng.permutation(2 * 3 * 7 * 8).astype(np.float64).reshape(2, 3, 7, 8)
    leaf = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.max_pool2d(leaf, k, stride)
    np.testing.assert_array_equal(reference.max_pool2d(x, k, stride), y.detach().numpy())
    dy = rng.standard_normal(tuple(y.shape))
    y.backward(torch.tensor(dy))
    np.testing.assert_allclose(reference.max_pool2d_gradient(x, dy, k, stride), leaf.grad.numpy(), atol=1e-14)


@pytest.mark.parametrize(("k", "stride"), [(2, 2), (3, 1), (3, 2), (2, 3)])
def test_the_gradient_of_the_pooling_is_its_finite_differences(k: int, stride: int) -> None:
    rng = np.random.default_rng(3)
    x = rng.permutation(2 * 3 * 7 * 8).astype(np.float64).reshape(2, 3, 7, 8)
    y = reference.max_pool2d(x, k, stride)
    dy, v = rng.standard_normal(y.shape), rng.standard_normal(x.shape)
    moved = [reference.max_pool2d(x + sign * 1e-3 * v, k, stride) for sign in (1, -1)]
    measured = float(np.vdot(dy, moved[0] - moved[1])) / 2e-3
    assert measured == pytest.approx(float(np.vdot(reference.max_pool2d_gradient(x, dy, k, stride), v)), rel=1e-9)
