"""The slow reference of the kernels: one loop for each axis, as the definitions read."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numpytorch.kernels import Window

Array = NDArray[Any]


def entries(window: Window, oh: int, ow: int, height: int, width: int) -> list[tuple[int, int, int, int]]:
    """List (i, j, row, column) for each entry of the window at (oh, ow) that lies in the image."""
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = window.size, window.stride, window.padding, window.dilation
    found = [(i, j, oh * sh - ph + i * dh, ow * sw - pw + j * dw) for i, j in product(range(kh), range(kw))]
    return [e for e in found if 0 <= e[2] < height and 0 <= e[3] < width]


def conv2d(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Array:
    return gradients_of_conv2d(None, x, weight, bias, window, groups)[0]


def gradients_of_conv2d(
    dy: Array | None, x: Array, weight: Array, bias: Array | None, window: Window, groups: int
) -> tuple[Array, Array, Array]:
    """Return y, dx and dw, in float64."""
    (n, _, h, w), (f, c) = x.shape, weight.shape[:2]
    y = np.zeros((n, f, *window.out_shape(h, w)))
    dx, dw = np.zeros(x.shape), np.zeros(weight.shape)
    for image, filter_, oh, ow in np.ndindex(*y.shape):
        first = filter_ // (f // groups) * c
        y[image, filter_, oh, ow] = 0 if bias is None else bias[filter_]
        for channel, (i, j, row, column) in product(range(c), entries(window, oh, ow, h, w)):
            at, of = (image, first + channel, row, column), (filter_, channel, i, j)
            y[image, filter_, oh, ow] += float(x[at]) * float(weight[of])
            if dy is not None:
                dx[at] += float(dy[image, filter_, oh, ow]) * float(weight[of])
                dw[of] += float(dy[image, filter_, oh, ow]) * float(x[at])
    return y, dx, dw


def max_pool2d(x: Array, window: Window, dy: Array | None = None) -> tuple[Array, Array, Array]:
    """Return y, the places that won, and dx."""
    n, c, h, w = x.shape
    y = np.zeros((n, c, *window.out_shape(h, w)))
    places, dx = np.zeros(y.shape, int), np.zeros(x.shape)
    for image, channel, oh, ow in np.ndindex(*y.shape):
        best: tuple[int, int, int, int] | None = None
        for e in entries(window, oh, ow, h, w):
            value = x[image, channel, e[2], e[3]]
            of_best = None if best is None else x[image, channel, best[2], best[3]]
            if of_best is None or value > of_best or (np.isnan(value) and not np.isnan(of_best)):
                best = e
        assert best is not None
        i, j, row, column = best
        y[image, channel, oh, ow] = x[image, channel, row, column]
        places[image, channel, oh, ow] = i * window.size[1] + j
        dx[image, channel, row, column] += 0 if dy is None else dy[image, channel, oh, ow]
    return y, places, dx


def avg_pool2d(x: Array, window: Window, dy: Array) -> tuple[Array, Array]:
    """Return y and dx."""
    h, w = x.shape[2:]
    y, dx = np.zeros(dy.shape), np.zeros(x.shape)
    size = window.size[0] * window.size[1]
    for image, channel, oh, ow in np.ndindex(*dy.shape):
        for _, _, row, column in entries(window, oh, ow, h, w):
            y[image, channel, oh, ow] += x[image, channel, row, column] / size
            dx[image, channel, row, column] += dy[image, channel, oh, ow] / size
    return y, dx
