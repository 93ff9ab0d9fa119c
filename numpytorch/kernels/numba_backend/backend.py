"""The kernels with Numba: arrays are laid out for compiled loops, which run on several threads.

There are as many threads as Numba has: one for each processor, or NUMBA_NUM_THREADS, and `numba.set_num_threads` for
fewer. BLAS then gets one thread, in the whole process and for good: two pools of threads that spin while they wait
take the processors from each other, and a convolution after a product of matrices takes twice to eight times as long.
With NUMBA_NUM_THREADS=1, BLAS keeps its threads.

Threads that sleep while they wait, such as Python's, would mind BLAS less, but wake up too late: at 0.1 to 0.2 ms for
each convolution or pooling, a training step on small images takes a third longer. A process that has been forked from
one that used the kernels cannot use them with GNU's OpenMP: start processes with "spawn", or set
NUMBA_THREADING_LAYER=workqueue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  # `np.dot` in compiled loops: here, so that its threads are known
from numba import config
from threadpoolctl import ThreadpoolController

from numpytorch.kernels.columns import are_thin, block_size
from numpytorch.kernels.layout import (
    channels_first,
    channels_last,
    filters_of,
    group,
    joined,
    place_type,
    weight_of,
)
from numpytorch.kernels.numba_backend import convolution, layout, pooling
from numpytorch.kernels.numba_backend.compiler import call, given
from numpytorch.kernels.numba_backend.recurrent import NumbaRecurrent
from numpytorch.kernels.numpy_backend import NumpyKernels

if TYPE_CHECKING:
    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Kernels, Window
    from numpytorch.kernels.numba_backend.compiler import Geometry

PARTS: int = 4 * config.NUMBA_NUM_THREADS
"""Into how many parts a convolution cuts its images, at most: a thread may be kept busy by something else."""


class NumbaKernels(NumbaRecurrent, NumpyKernels):
    """`Kernels` that Numba compiles when one is first called with a dtype, and keeps in a cache on disk."""

    name = "numba"

    def conv2d(self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d`."""
        out = window.out_shape(*x.shape[2:])
        b = np.zeros(0, x.dtype) if bias is None else bias
        parts = []
        for g in range(groups):
            filters = filters_of(weight, g, groups).T
            y = np.empty((len(x), *out, filters.shape[1]), x.dtype)
            images, thin = _images(x, g, groups, window, out)
            sizes = _sizes(window, weight.shape[1], y)
            call(convolution.conv, images, given(filters), given(group(b, g, groups)), y, _geometry(window), thin,
                  *sizes)  # fmt: skip
            parts.append(y)
        return channels_first(joined(parts))

    def conv2d_grad_input(self, dy: Array, weight: Array, x_shape: Shape, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_input`."""
        n, c, h, w = x_shape
        upstream, parts = _laid_out(dy), []
        for g in range(groups):
            dx, dy_g = np.zeros((n, h, w, c // groups), dy.dtype), given(group(upstream, g, groups))
            sizes = _sizes(window, c // groups, dy_g)
            call(convolution.conv_grad_input, dx, dy_g, given(filters_of(weight, g, groups)), _geometry(window), *sizes)
            parts.append(dx)
        return channels_first(joined(parts))

    def conv2d_grad_weight(self, dy: Array, x: Array, window: Window, groups: int = 1) -> Array:
        """See `Kernels.conv2d_grad_weight`."""
        upstream, parts, c = _laid_out(dy), [], x.shape[1] // groups
        for g in range(groups):
            dy_g = given(group(upstream, g, groups))
            images, thin = _images(x, g, groups, window, dy.shape[2:])
            sizes = _sizes(window, c, dy_g)
            dw = np.zeros((sizes[-1], window.size[0] * window.size[1] * c, dy_g.shape[3]), dy.dtype)
            call(convolution.conv_grad_weight, images, dy_g, dw, _geometry(window), thin, *sizes)
            parts.append(dw.sum(axis=0).T)
        return weight_of(np.concatenate(parts), window)

    def conv2d_grad_bias(self, dy: Array) -> Array:
        """See `Kernels.conv2d_grad_bias`."""
        n, f, h, w = dy.shape
        if dy.flags.c_contiguous:  # summed as it lies
            db = np.empty(f, dy.dtype)
            call(layout.sum_planes, given(dy.reshape(n, f, h * w)), db)
            return db
        parts = np.zeros((PARTS, f), dy.dtype)
        call(layout.sum_rows, given(channels_last(dy).reshape(n * h * w, f)), parts)
        sums: Array = parts.sum(axis=0)
        return sums

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """See `Kernels.max_pool2d`."""
        y = np.empty((len(x), *window.out_shape(*x.shape[2:]), x.shape[1]), x.dtype)
        places = np.empty(y.shape, place_type(window))
        call(pooling.max_pool, _laid_out(x), y, places, _geometry(window))
        return channels_first(y), channels_first(places)

    def max_pool2d_grad_input(self, dy: Array, places: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.max_pool2d_grad_input`."""
        n, c, h, w = x_shape
        dx = np.empty((n, h, w, c), dy.dtype)
        call(pooling.max_pool_grad, dx, _laid_out(dy), given(channels_last(places)), _geometry(window))
        return channels_first(dx)

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """See `Kernels.avg_pool2d`."""
        y = np.empty((len(x), *window.out_shape(*x.shape[2:]), x.shape[1]), x.dtype)
        call(pooling.avg_pool, _laid_out(x), y, _geometry(window))
        return channels_first(y)

    def avg_pool2d_grad_input(self, dy: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.avg_pool2d_grad_input`."""
        n, c, h, w = x_shape
        dx = np.empty((n, h, w, c), dy.dtype)
        call(pooling.avg_pool_grad, dx, _laid_out(dy), _geometry(window))
        return channels_first(dx)


def load() -> Kernels:
    """Return the kernels, and give BLAS one thread if Numba has several."""
    if config.NUMBA_NUM_THREADS > 1:
        for library in ThreadpoolController().select(user_api="blas").lib_controllers:
            library.set_num_threads(1)
    return NumbaKernels()


def _laid_out(x: Array) -> Array:
    """Return (N, C, H, W) as `channels_last` does, for loops to read; all threads copy what lies as NumPy lays it."""
    n, c, h, w = x.shape
    if c == 1 or not x.flags.c_contiguous:
        return given(channels_last(x))
    places = np.empty((n, h * w, c), x.dtype)
    call(layout.lay_channels_last, given(x.reshape(n, c, h * w)), places)
    return given(places.reshape(n, h, w, c))


def _images(x: Array, g: int, groups: int, window: Window, out_shape: Shape) -> tuple[Array, bool]:
    """Return the channels of a group as `convolution.conv` wants them, and whether columns are thin."""
    channels = x.shape[1] // groups
    part = x[:, g * channels : (g + 1) * channels]
    thin = are_thin(window, channels, out_shape[1])
    return (given(part) if thin else _laid_out(part)), thin


def _geometry(window: Window) -> Geometry:
    return (*window.size, *window.stride, *window.padding, *window.dilation)


def _sizes(window: Window, channels: int, y: Array) -> tuple[int, int, int]:
    """Return the images and output rows of a block, and the parts, for an output (N, OH, OW, F)."""
    n, oh, ow, _ = y.shape
    row = window.size[0] * window.size[1] * channels * ow * y.itemsize
    return (*block_size(n, oh, row), min(n, PARTS))
