"""The kernels in NumPy: convolution as matrix products of columns, pooling as a few passes over the image.

Columns have one row of numbers for each window. They are made for a block of images at a time, which stays in the
cache: memory does not grow with the batch. The gradient makes them again: to keep them would take KH*KW times the
memory of the image.
Source: Chellapilla et al. 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpytorch.kernels.layout import (
    channels_first,
    channels_last,
    cropped,
    first_places,
    padded,
    padded_shape,
    place_type,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Kernels, Window

BLOCK = 1 << 20
"""Bytes of columns in a block: they fit into the second-level cache of one core."""

Block: TypeAlias = tuple[slice, slice]
"""Some images, and some rows of their windows."""


class NumpyKernels:
    """`Kernels` in NumPy alone. Matrix products use the threads of NumPy's BLAS."""

    name = "numpy"

    def conv2d(self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d`."""
        out = window.out_shape(*x.shape[2:])
        images = padded(channels_last(x), window)
        y = np.empty((len(x), *out, len(weight)), x.dtype)
        for g in range(groups):
            windows = _windows(_group(images, g, groups), window, out)
            filters = _filters(weight, g, groups)  # (F/groups, K)
            y_g = _group(y, g, groups)
            for block in _blocks(windows):
                np.matmul(_columns(windows[block]), filters.T, out=_rows(y_g[block]))
        if bias is not None:
            y += bias
        return channels_first(y)

    def conv2d_grad_input(self, dy: Array, weight: Array, x_shape: Shape, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_input`."""
        n, c, h, w = x_shape
        upstream = channels_last(dy)
        dx = np.zeros(padded_shape((n, h, w, c), window), dy.dtype)
        for g in range(groups):
            windows = _windows(_group(dx, g, groups), window, dy.shape[2:])
            filters = _filters(weight, g, groups)  # (F/groups, K)
            dy_g = _group(upstream, g, groups)
            for block in _blocks(windows):
                _add_columns(windows[block], _rows(dy_g[block]) @ filters)
        return channels_first(cropped(dx, window))

    def conv2d_grad_weight(self, dy: Array, x: Array, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_weight`."""
        f, c = dy.shape[1] // groups, x.shape[1] // groups
        images, upstream = padded(channels_last(x), window), channels_last(dy)
        dw = np.zeros((groups, f, *window.size, c), x.dtype)
        for g in range(groups):
            windows = _windows(_group(images, g, groups), window, dy.shape[2:])
            dy_g = _group(upstream, g, groups)
            for block in _blocks(windows):
                dw[g] += (_rows(dy_g[block]).T @ _columns(windows[block])).reshape(dw.shape[1:])
        return np.ascontiguousarray(channels_first(dw.reshape(-1, *window.size, c)))

    def conv2d_grad_bias(self, dy: Array) -> Array:
        """See `Kernels.conv2d_grad_bias`."""
        rows = _rows(channels_last(dy))  # (N*OH*OW, F)
        return np.ones(len(rows), dy.dtype) @ rows  # a product: three times as fast as a sum over rows

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """See `Kernels.max_pool2d`."""
        out = window.out_shape(*x.shape[2:])
        windows = _windows(padded(channels_last(x), window, -np.inf), window, out)
        y = np.full((len(x), *out, x.shape[1]), -np.inf, x.dtype)
        places = np.empty(y.shape, place_type(window))
        places[:] = first_places(window, out)
        for place, entries in enumerate(_entries(windows)):
            better = (entries > y).astype(places.dtype)
            better *= places.dtype.type(place)
            np.maximum(places, better, out=places)  # places grow: a later one that is better is the larger number
            np.maximum(y, entries, out=y)
        if np.isnan(y).any():
            for place, entries in reversed(list(enumerate(_entries(windows)))):
                places[np.isnan(entries)] = place
        return channels_first(y), channels_first(places)

    def max_pool2d_grad_input(self, dy: Array, places: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.max_pool2d_grad_input`."""
        n, c, h, w = x_shape
        upstream, winners = channels_last(dy), channels_last(places)
        dx = np.zeros(padded_shape((n, h, w, c), window), dy.dtype)
        for place, entries in enumerate(_entries(_windows(dx, window, dy.shape[2:]))):
            entries += upstream * (winners == place)
        return channels_first(cropped(dx, window))

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """See `Kernels.avg_pool2d`."""
        out = window.out_shape(*x.shape[2:])
        y = np.zeros((len(x), *out, x.shape[1]), x.dtype)
        for entries in _entries(_windows(padded(channels_last(x), window), window, out)):
            y += entries
        y /= window.size[0] * window.size[1]
        return channels_first(y)

    def avg_pool2d_grad_input(self, dy: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.avg_pool2d_grad_input`."""
        n, c, h, w = x_shape
        share = channels_last(dy) / (window.size[0] * window.size[1])
        dx = np.zeros(padded_shape((n, h, w, c), window), dy.dtype)
        for entries in _entries(_windows(dx, window, dy.shape[2:])):
            entries += share
        return channels_first(cropped(dx, window))


def load() -> Kernels:
    """Return the kernels."""
    return NumpyKernels()


def _windows(images: Array, window: Window, out_shape: Shape) -> Array:
    """Return a view of padded images (N, H, W, C): (N, OH, OW, KH, KW, C), whose windows may overlap."""
    n, h, w, c = images.strides
    strides = (n, h * window.stride[0], w * window.stride[1], h * window.dilation[0], w * window.dilation[1], c)
    return as_strided(images, (len(images), *out_shape, *window.size, images.shape[-1]), strides)


def _entries(windows: Array) -> Iterator[Array]:
    """Go through the places of a window: of each, a view of that entry in every window, (N, OH, OW, C)."""
    return (windows[:, :, :, i, j] for i in range(windows.shape[3]) for j in range(windows.shape[4]))


def _blocks(windows: Array) -> Iterator[Block]:
    """Cut windows into blocks of whole images, or of rows of one image if that alone is too large."""
    n, oh = windows.shape[:2]
    row = windows.itemsize * int(np.prod(windows.shape[2:]))
    rows = min(oh, max(1, BLOCK // row))
    images = max(1, BLOCK // (row * oh)) if rows == oh else 1
    return ((slice(i, i + images), slice(top, top + rows)) for i in range(0, n, images) for top in range(0, oh, rows))


def _columns(windows: Array) -> Array:
    """Copy windows (N, OH, OW, KH, KW, C) to columns (N*OH*OW, KH*KW*C), in the order that copies longer pieces."""
    k = windows.shape[3] * windows.shape[4] * windows.shape[5]
    if windows.shape[2] > windows.shape[4] * windows.shape[5]:  # OW > KW*C: few channels, as in a first layer
        return np.ascontiguousarray(windows.transpose(3, 4, 5, 0, 1, 2)).reshape(k, -1).T
    return np.ascontiguousarray(windows).reshape(-1, k)


def _add_columns(windows: Array, columns: Array) -> None:
    """Add columns (N*OH*OW, KH*KW*C) to the entries that they came from, where windows may overlap."""
    for entries, values in zip(_entries(windows), _entries(columns.reshape(windows.shape)), strict=True):
        entries += values


def _group(images: Array, g: int, groups: int) -> Array:
    """Return a view of the channels of one group, of (..., C)."""
    n = images.shape[-1] // groups
    return images[..., g * n : (g + 1) * n]


def _rows(images: Array) -> Array:
    """Return (N, H, W, C) as a matrix (N*H*W, C)."""
    return images.reshape(-1, images.shape[-1])


def _filters(weight: Array, g: int, groups: int) -> Array:
    """Return the filters of one group as a matrix (F/groups, KH*KW*C/groups), in the order of columns."""
    n = len(weight) // groups
    return channels_last(weight[g * n : (g + 1) * n]).reshape(n, -1)
