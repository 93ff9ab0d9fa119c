"""Convolution and its gradients on the device, or its simulator, against loops: every path, every edge of a tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpytorch.kernels import Kernels, Window
from tests.kernels import reference
from tests.kernels.cuda.conftest import FEW
from tests.nn.tools import torch

if TYPE_CHECKING:
    from numpytorch._types import Array


def images(seed: int, *shape: int, dtype: Any = np.float64) -> Array:
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(dtype)


def check(kernels: Kernels, x: Array, weight: Array, window: Window, groups: int) -> None:
    """Compare the output and the gradients with those of the loops."""
    tolerance = {"float32": 2e-5, "float64": 1e-12}[x.dtype.name]
    bias = images(1, len(weight), dtype=x.dtype)
    dy = images(2, len(x), len(weight), *window.out_shape(*x.shape[2:]), dtype=x.dtype)
    y, dx, dw = reference.gradients_of_conv2d(dy, x, weight, bias, window, groups)
    for actual, expected in (
        (kernels.conv2d(x, weight, bias, window, groups), y),
        (kernels.conv2d_grad_input(dy, weight, x.shape, window, groups), dx),
        (kernels.conv2d_grad_weight(dy, x, window, groups), dw),
        (kernels.conv2d_grad_bias(dy), dy.astype(float).sum((0, 2, 3))),
    ):
        assert actual.dtype == x.dtype
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(1, abs(expected).max(initial=0)))


@pytest.mark.parametrize(
    ("x", "weight", "groups", "window"),
    [
        pytest.param((1, 2, 4, 5), (5, 2, 2, 2), 1, Window((2, 2)), id="part of a tile each way"),
        pytest.param((3, 3, 4, 3), (17, 3, 3, 2), 1, Window((3, 2), padding=(1, 0)), id="more than a tile each way"),
        pytest.param((2, 6, 4, 5), (6, 3, 2, 2), 2, Window((2, 2), (2, 3), (1, 1)), id="groups, strides and padding"),
        pytest.param((1, 3, 6, 5), (3, 3, 2, 3), 1, Window((2, 3), (1, 1), (1, 2), (2, 1)), id="dilation"),
        pytest.param((2, 3, 3, 3), (3, 1, 2, 2), 3, Window((2, 2)), id="one channel a group"),
        pytest.param((2, 1, 5, 4), (3, 1, 1, 2), 1, Window((1, 2), (3, 4)), id="steps longer than the window"),
        pytest.param((2, 5, 1, 1), (7, 5, 1, 1), 1, Window((1, 1)), id="one pixel"),
        pytest.param((0, 3, 4, 4), (3, 3, 3, 3), 1, Window((3, 3)), id="no image"),
        pytest.param((1, 1, 5, 5), (1, 1, 4, 4), 1, Window((4, 4), padding=(1, 1)), id="many taps, few rows"),
    ],
)  # fmt: skip
def test_convolution_and_its_gradients_are_those_of_the_loops(
    kernels: Kernels, x: tuple[int, ...], weight: tuple[int, ...], groups: int, window: Window
) -> None:
    check(kernels, images(3, *x), images(4, *weight), window, groups)


def test_convolution_pooling_and_their_gradients_are_those_of_pytorch(kernels: Kernels) -> None:
    t = torch()
    x, weight, bias, window = images(3, 1, 4, 7, 6), images(4, 6, 2, 3, 2), images(5, 6), Window((3, 2), (2, 1), (1, 0))
    theirs = [t.tensor(array, requires_grad=True) for array in (x, weight, bias)]
    convolved = t.nn.functional.conv2d(*theirs, window.stride, window.padding, groups=2)
    largest = t.nn.functional.max_pool2d(convolved, (2, 3), (1, 2))
    means = t.nn.functional.avg_pool2d(largest, 2, 1)
    y = kernels.conv2d(x, weight, bias, window, 2)
    most, places = kernels.max_pool2d(y, Window((2, 3), (1, 2)))
    dy = images(6, *means.shape)
    means.backward(t.tensor(dy))
    shared = kernels.avg_pool2d_grad_input(dy, most.shape, Window((2, 2)))
    back = kernels.max_pool2d_grad_input(shared, places, y.shape, Window((2, 3), (1, 2)))
    for actual, expected in (
        (kernels.avg_pool2d(most, Window((2, 2))), means.detach()),
        (kernels.conv2d_grad_input(back, weight, x.shape, window, 2), theirs[0].grad),
        (kernels.conv2d_grad_weight(back, x, window, 2), theirs[1].grad),
        (kernels.conv2d_grad_bias(back), theirs[2].grad),
    ):
        np.testing.assert_allclose(actual, expected.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["LARGE", "SQUARE", "FLAT"])
def test_the_tiles_of_a_gpu_give_the_same(kernels: Kernels, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The simulator has tiny ones otherwise. Here: over half a square one each way, two steps, the second not full."""
    from numpytorch.kernels.cuda import gemm, tiles

    monkeypatch.setattr(gemm, "tile_for", lambda *_: getattr(tiles, name))
    x, weight, bias, window = images(7, 1, 3, 6, 8), images(8, 33, 3, 2, 2), images(9, 33), Window((2, 2))
    y = reference.conv2d(x, weight, bias, window, 1)
    np.testing.assert_allclose(kernels.conv2d(x, weight, bias, window), y, atol=1e-12)


def test_so_does_that_of_the_weights_gradient(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    from numpytorch.kernels.cuda import tiles, weight

    monkeypatch.setattr(weight, "weight_tile", lambda *_: tiles.SQUARE)
    x, filters, dy, window = images(7, 1, 9, 4, 5), images(8, 33, 9, 2, 2), images(9, 1, 33, 3, 4), Window((2, 2))
    _, _, dw = reference.gradients_of_conv2d(dy, x, filters, None, window, 1)
    np.testing.assert_allclose(kernels.conv2d_grad_weight(dy, x, window), dw, atol=1e-12)


@FEW
@given(st.data())
def test_so_are_those_of_other_shapes(kernels: Kernels, data: st.DataObject) -> None:
    def pair(low: int, high: int) -> tuple[int, int]:
        return data.draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    window = Window(pair(1, 3), pair(1, 3), pair(0, 1), pair(1, 2))
    spans = [d * (k - 1) + 1 for k, d in zip(window.size, window.dilation, strict=True)]
    height, width = (span + extra for span, extra in zip(spans, pair(0, 2), strict=True))
    groups, channels, filters = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    n, dtype = data.draw(st.integers(1, 2)), data.draw(st.sampled_from([np.float32, np.float64]))
    x = images(5, n, groups * channels, height, width, dtype=dtype)
    check(kernels, x, images(6, groups * filters, channels, *window.size, dtype=dtype), window, groups)
