"""What else a training step on the device needs, against NumPy and the library itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import nn
from numpytorch.kernels import Window

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


def test_a_step_of_training_on_the_device_lowers_the_loss_as_the_library_does(kernels: CudaKernels) -> None:
    """A convolution, ReLU and a linear layer: forward, backward and one step, with no copy in between."""
    x, labels = draw(2, 1, 4, 4), np.array([1, 0])
    filters, matrix = draw(2, 1, 3, 3), draw(8, 2)
    window, on = Window((3, 3)), kernels.to_device
    images, w, m = on(x), on(filters), on(matrix)
    losses = []
    for _ in range(2):
        hidden = kernels.relu(kernels.conv2d(images, w, None, window))
        flat = hidden.reshape(2, 8)
        loss, d_logits = kernels.cross_entropy(kernels.matmul(flat, m), on(labels))
        d_hidden = kernels.relu_grad(kernels.matmul_transposed(d_logits, m), flat).reshape(hidden.shape)
        kernels.descend(m, kernels.transposed_matmul(flat, d_logits), 0.1)
        kernels.descend(w, kernels.conv2d_grad_weight(d_hidden, images, window), 0.1)
        losses.append(kernels.to_host(loss).item())

    conv, linear = nn.Conv2d(1, 2, 3, bias=False), nn.Linear(8, 2, bias=False)
    conv.w.arr, linear.w.arr = filters.copy(), matrix.copy()
    optimizer = npt.optim.SGD([conv.w, linear.w], lr=0.1)
    for loss_on_device in losses:
        optimizer.zero_grad()
        out = linear(npt.reshape(npt.relu(conv(npt.tensor(x))), (2, 8)))
        expected = nn.CrossEntropyLoss()(out, npt.tensor(labels))
        expected.backward()
        optimizer.step()
        assert loss_on_device == pytest.approx(expected.item())
