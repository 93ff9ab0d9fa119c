"""What else a training step on the device needs, against NumPy and the library itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import nn

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.kernels.cuda.backend import CudaKernels


def draw(*shape: int) -> Array:
    return np.random.default_rng(shape).standard_normal(shape)


@pytest.mark.parametrize(("m", "k", "p"), [(3, 5, 2), (1, 1, 1), (5, 37, 4)])
def test_products_of_matrices(kernels: CudaKernels, m: int, k: int, p: int) -> None:
    a, b = draw(m, k), draw(k, p)
    at, bt = np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)
    on = kernels.to_device
    for product in (
        kernels.matmul(on(a), on(b)),
        kernels.matmul_transposed(on(a), on(bt)),
        kernels.transposed_matmul(on(at), on(b)),
    ):
        np.testing.assert_allclose(kernels.to_host(product), a @ b, atol=1e-12)


def test_cross_entropy_and_its_gradient_are_those_of_the_library_at_any_size(kernels: CudaKernels) -> None:
    logits, labels = draw(5, 3) * [[1], [1], [1000], [1], [-1000]], np.array([2, 0, 1, 1, 2])
    loss, gradient = kernels.cross_entropy(kernels.to_device(logits), kernels.to_device(labels))
    x = npt.tensor(logits, requires_grad=True)
    expected = nn.CrossEntropyLoss()(x, npt.tensor(labels))
    expected.backward()
    np.testing.assert_allclose(kernels.to_host(loss), [expected.item()])
    assert x.grad is not None
    np.testing.assert_allclose(kernels.to_host(gradient), x.grad, atol=1e-15)


def test_relu_keeps_nan_and_its_gradient_is_zero_at_zero(kernels: CudaKernels) -> None:
    y = kernels.relu(kernels.to_device(np.array([-1.0, 0.0, 2.0, np.nan])))
    np.testing.assert_array_equal(kernels.to_host(y), [0, 0, 2, np.nan])
    dx = kernels.relu_grad(kernels.to_device(np.array([3.0, 4.0, 5.0, 6.0])), y)
    np.testing.assert_array_equal(kernels.to_host(dx), [0, 0, 5, 6])


def test_bias_and_descent(kernels: CudaKernels) -> None:
    x, bias = draw(3, 4), draw(4)
    y: Any = kernels.add_bias(kernels.to_device(x), kernels.to_device(bias))
    np.testing.assert_array_equal(kernels.to_host(y), x + bias)
    kernels.descend(y, kernels.to_device(x), 0.5)
    np.testing.assert_allclose(kernels.to_host(y), x / 2 + bias)


def test_the_benchmarks_training_step_is_that_of_the_library(kernels: CudaKernels) -> None:
    from benchmarks.cuda import RATE, Step, network

    weights = {name: 10 * weight for name, weight in network(channels=1, flat=2, hidden=3).items()}
    x, labels = draw(2, 1, 10, 10).astype(np.float32), np.array([1, 7])
    step = Step(kernels, weights)
    on_device = [step(x, labels) for _ in range(2)]

    layers = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 2, 3), nn.Linear(2, 3), nn.Linear(3, 10, bias=False)
    parameters = [p for layer in layers for p in (layer.w, layer.b) if p is not None]
    for parameter, weight in zip(parameters, weights.values(), strict=True):
        parameter.arr = weight.copy()
    optimizer, pool = npt.optim.SGD(parameters, lr=RATE), nn.MaxPool2d(2, 2)
    for loss in on_device:
        optimizer.zero_grad()
        features = pool(npt.relu(layers[1](pool(npt.relu(layers[0](npt.tensor(x)))))))
        hidden = npt.relu(layers[2](npt.reshape(features, (2, 2))))
        expected = nn.CrossEntropyLoss()(layers[3](hidden), npt.tensor(labels))
        expected.backward()
        optimizer.step()
        assert loss == pytest.approx(expected.item(), rel=1e-6)
    for (name, weight), parameter in zip(step.weights.items(), parameters, strict=True):
        assert not np.array_equal(parameter.arr, weights[name]), name
        np.testing.assert_allclose(kernels.to_host(weight), parameter.arr, atol=1e-6, err_msg=name)
