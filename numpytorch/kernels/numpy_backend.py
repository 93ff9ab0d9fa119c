"""The kernels in NumPy: convolution as matrix products of columns, pooling as a few passes over the image.

Recurrent layers: numpy_recurrent.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.kernels.columns import Columns, entries_of, windows_of
from numpytorch.kernels.layout import (
    channels_first,
    channels_last,
    cropped,
    filters_of,
    first_places,
    group,
    joined,
    padded,
    padded_shape,
    place_type,
    sum_of_rows,
    weight_of,
)
from numpytorch.kernels.numpy_recurrent import NumpyRecurrent

if TYPE_CHECKING:
    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Kernels, Window


class NumpyKernels(NumpyRecurrent):
    """`Kernels` in NumPy alone. Matrix products use the threads of NumPy's BLAS."""

    name = "numpy"

    def conv2d(self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d`."""
        images = x.transpose(0, 2, 3, 1)
        y = np.empty((len(x), *window.out_shape(*x.shape[2:]), len(weight)), x.dtype)
        for g in range(groups):
            columns = Columns(group(images, g, groups), window, y.shape[1:3])
            filters, y_g = filters_of(weight, g, groups), group(y, g, groups)
            for block in columns.blocks:
                part = _rows(y_g[block])  # (P, F/groups), a view
                np.matmul(columns.of(block), filters.T, out=part)
                if bias is not None:
                    part += group(bias, g, groups)
        return channels_first(y)

    def conv2d_grad_input(self, dy: Array, weight: Array, x_shape: Shape, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_input`."""
        n, c, h, w = x_shape
        upstream, parts = channels_last(dy), []
        for g in range(groups):
            columns = Columns(np.zeros((n, h, w, c // groups), dy.dtype), window, dy.shape[2:])
            filters, dy_g = filters_of(weight, g, groups), group(upstream, g, groups)
            for block in columns.blocks:
                columns.add(_rows(dy_g[block]), filters, block)
            parts.append(columns.finished())
        return channels_first(joined(parts))

    def conv2d_grad_weight(self, dy: Array, x: Array, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_weight`."""
        images, upstream, parts = x.transpose(0, 2, 3, 1), channels_last(dy), []
        for g in range(groups):
            columns = Columns(group(images, g, groups), window, dy.shape[2:])
            dy_g = group(upstream, g, groups)
            dw = np.zeros((columns.length, dy_g.shape[3]), dy.dtype)
            for block in columns.blocks:
                dw += columns.of(block).T @ _rows(dy_g[block])
            parts.append(dw.T)
        return weight_of(np.concatenate(parts), window)

    def conv2d_grad_bias(self, dy: Array) -> Array:
        """See `Kernels.conv2d_grad_bias`."""
        n, f, oh, ow = dy.shape
        if dy.flags.c_contiguous:  # as it lies: to lay it out for the other way would take three times as long
            db: Array = (dy.reshape(n * f, oh * ow) @ np.ones(oh * ow, dy.dtype)).reshape(n, f).sum(axis=0)
            return db
        return sum_of_rows(_rows(channels_last(dy)))  # of (N*OH*OW, F)

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """See `Kernels.max_pool2d`."""
        out = window.out_shape(*x.shape[2:])
        windows = windows_of(padded(channels_last(x), window, -np.inf), window, out)
        y = windows[:, :, :, 0, 0].copy()  # -inf where it is padding; the first place that is none is larger then
        places = np.empty(y.shape, place_type(window))
        places[:] = first_places(window, out)
        for place, entries in list(enumerate(entries_of(windows)))[1:]:
            better = (entries > y).astype(places.dtype)
            better *= places.dtype.type(place)
            np.maximum(places, better, out=places)  # places grow: a later one that is better is the larger number
            np.maximum(y, entries, out=y)
        if np.isnan(y).any():
            for place, entries in reversed(list(enumerate(entries_of(windows)))):
                places[np.isnan(entries)] = place
        return channels_first(y), channels_first(places)

    def max_pool2d_grad_input(self, dy: Array, places: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.max_pool2d_grad_input`."""
        n, c, h, w = x_shape
        upstream, winners = channels_last(dy), channels_last(places)
        dx = np.zeros(padded_shape((n, h, w, c), window), dy.dtype)
        apart = window.stride[0] >= window.reach[0] and window.stride[1] >= window.reach[1]
        for place, entries in enumerate(entries_of(windows_of(dx, window, dy.shape[2:]))):
            won = winners == place
            if apart:  # each entry is in one window at most
                np.multiply(upstream, won, out=entries)
            else:
                entries += upstream * won
        return channels_first(cropped(dx, window))

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """See `Kernels.avg_pool2d`."""
        out = window.out_shape(*x.shape[2:])
        y = np.zeros((len(x), *out, x.shape[1]), x.dtype)
        for entries in entries_of(windows_of(padded(channels_last(x), window), window, out)):
            y += entries
        y /= window.size[0] * window.size[1]
        return channels_first(y)

    def avg_pool2d_grad_input(self, dy: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.avg_pool2d_grad_input`."""
        n, c, h, w = x_shape
        share = channels_last(dy) / (window.size[0] * window.size[1])
        dx = np.zeros(padded_shape((n, h, w, c), window), dy.dtype)
        for entries in entries_of(windows_of(dx, window, dy.shape[2:])):
            entries += share
        return channels_first(cropped(dx, window))


def load() -> Kernels:
    """Return the kernels."""
    return NumpyKernels()


def _rows(images: Array) -> Array:
    """Return (N, H, W, C) as a matrix (N*H*W, C)."""
    return images.reshape(-1, images.shape[-1])
