"""The kernels in NumPy: convolution as matrix products of columns, pooling as a few passes over the image."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from numpytorch.kernels.columns import Columns, entries_of, windows_of
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
    from collections.abc import Callable, Sequence

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Kernels, Window


class NumpyKernels:
    """`Kernels` in NumPy alone. Matrix products use the threads of NumPy's BLAS."""

    name = "numpy"

    columns: ClassVar[type[Columns]] = Columns
    """What makes columns. Another backend may have another."""

    def share_out(self, work: Callable[[slice], None], blocks: Sequence[slice]) -> None:
        """Call `work` once for each block. Another backend may use threads."""
        for block in blocks:
            work(block)

    def conv2d(self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d`."""
        images = channels_last(x)
        y = np.empty((len(x), *window.out_shape(*x.shape[2:]), len(weight)), x.dtype)
        b = np.zeros(0, x.dtype) if bias is None else bias
        for g in range(groups):
            self._conv2d(_group(images, g, groups), _filters(weight, g, groups), _group(b, g, groups), window,
                         _group(y, g, groups))  # fmt: skip
        return channels_first(y)

    def _conv2d(self, images: Array, filters: Array, bias: Array, window: Window, y: Array) -> None:
        columns = self.columns(images, window, y.shape[1:3])

        def work(block: slice) -> None:
            for step in columns.steps:
                part = _rows(y[block, step])  # (P, F)
                np.matmul(columns.of(block, step), filters.T, out=part)
                if bias.size:
                    part += bias

        self.share_out(work, columns.blocks)

    def conv2d_grad_input(self, dy: Array, weight: Array, x_shape: Shape, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_input`."""
        upstream = channels_last(dy)
        parts = [
            self._grad_input(_group(upstream, g, groups), _filters(weight, g, groups), x_shape, window)
            for g in range(groups)
        ]
        return channels_first(parts[0] if groups == 1 else np.concatenate(parts, axis=-1))

    def _grad_input(self, dy: Array, filters: Array, x_shape: Shape, window: Window) -> Array:
        n, _, h, w = x_shape
        channels = filters.shape[1] // (window.size[0] * window.size[1])
        columns = self.columns(np.zeros((n, h, w, channels), dy.dtype), window, dy.shape[1:3])

        def work(block: slice) -> None:
            for step in columns.steps:
                columns.add(_rows(dy[block, step]) @ filters, block, step)

        self.share_out(work, columns.blocks)
        return columns.finished()

    def conv2d_grad_weight(self, dy: Array, x: Array, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_weight`."""
        images, upstream = channels_last(x), channels_last(dy)
        parts = [
            self._grad_weight(_group(upstream, g, groups), _group(images, g, groups), window) for g in range(groups)
        ]
        dw = np.concatenate(parts).reshape(dy.shape[1], *window.size, -1)
        return np.ascontiguousarray(channels_first(dw))

    def _grad_weight(self, dy: Array, images: Array, window: Window) -> Array:
        columns = self.columns(images, window, dy.shape[1:3])
        total, lock = np.zeros((dy.shape[3], columns.length), dy.dtype), threading.Lock()

        def work(block: slice) -> None:
            for step in columns.steps:
                part = _rows(dy[block, step]).T @ columns.of(block, step)
                with lock:
                    np.add(total, part, out=total)

        self.share_out(work, columns.blocks)
        return total

    def conv2d_grad_bias(self, dy: Array) -> Array:
        """See `Kernels.conv2d_grad_bias`."""
        rows = _rows(channels_last(dy))  # (N*OH*OW, F)
        return np.ones(len(rows), dy.dtype) @ rows  # a product: three times as fast as a sum over rows

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
