"""Pooling and its gradients on the device, or its simulator, against loops."""

import numpy as np
import pytest

from numpytorch.kernels import Kernels, Window
from tests.kernels import reference

WINDOWS = [
    pytest.param((2, 2, 5, 4), Window((2, 2), (2, 2)), id="as in the course"),
    pytest.param((1, 3, 4, 5), Window((3, 2), (1, 2), (1, 1)), id="windows that overlap, and padding"),
    pytest.param((2, 1, 6, 7), Window((2, 2), (3, 4)), id="steps longer than the window"),
    pytest.param((1, 2, 6, 5), Window((2, 3), (2, 1), (1, 1), (3, 2)), id="dilation"),
    pytest.param((0, 2, 3, 3), Window((2, 2)), id="no image"),
]


def draw(dtype: type, *shape: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.floating]]":
    return np.random.default_rng(shape).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "window"), WINDOWS)
def test_pooling_and_its_gradients_are_those_of_the_loops(
    kernels: Kernels, shape: tuple[int, ...], window: Window, dtype: type
) -> None:
    x = np.round(draw(dtype, *shape), 1)  # some are equal
    dy = draw(dtype, *shape[:2], *window.out_shape(*shape[2:]))
    y, places, dx = reference.max_pool2d(x, window, dy)
    actual, at = kernels.max_pool2d(x, window)
    assert (actual.dtype, at.dtype) == (np.dtype(dtype), np.dtype(np.uint8))
    np.testing.assert_array_equal(actual, y)
    np.testing.assert_array_equal(at, places)
    np.testing.assert_allclose(kernels.max_pool2d_grad_input(dy, at, shape, window), dx, atol=1e-6)
    y, dx = reference.avg_pool2d(x, window, dy)
    np.testing.assert_allclose(kernels.avg_pool2d(x, window), y, atol=1e-6)
    np.testing.assert_allclose(kernels.avg_pool2d_grad_input(dy, shape, window), dx, atol=1e-6)


@pytest.mark.parametrize(
    ("row", "best", "place"),
    [
        ([1, np.nan, 3, np.nan], np.nan, 1),
        ([np.nan, 1, 2, 3], np.nan, 0),
        ([-np.inf] * 4, -np.inf, 0),
        ([1, 2, 2, 1], 2, 1),
        ([0.0, -0.0, 0.0, 0.0], 0.0, 0),
    ],
)
def test_the_first_nan_wins_or_else_the_first_of_the_largest(
    kernels: Kernels, row: list[float], best: float, place: int
) -> None:
    y, places = kernels.max_pool2d(np.array(row, float).reshape(1, 1, 1, 4), Window((1, 4)))
    np.testing.assert_array_equal((y.item(), places.item()), (best, place))


def test_padding_never_wins(kernels: Kernels) -> None:
    y, places = kernels.max_pool2d(np.full((1, 1, 1, 1), -np.inf), Window((3, 3), padding=(1, 1)))
    assert (y.item(), places.item()) == (-np.inf, 4)


def test_places_of_a_large_window_do_not_fit_into_a_byte(kernels: Kernels) -> None:
    x = np.zeros((1, 1, 17, 16))
    x[0, 0, 16, 15] = 1
    _, places = kernels.max_pool2d(x, Window((17, 16)))
    assert places.dtype == np.uint16
    assert places.item() == 271
    dx = kernels.max_pool2d_grad_input(np.ones((1, 1, 1, 1)), places, x.shape, Window((17, 16)))
    np.testing.assert_array_equal(dx, x)
