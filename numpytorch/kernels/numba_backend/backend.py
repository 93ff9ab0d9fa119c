"""The kernels with Numba: those of NumPy, but for columns and pooling in compiled loops, and several threads.

Matrix products stay those of BLAS: they reach about twice the rate of the best loop that Numba compiles, for LLVM
prefers vectors of half the width, and keeps no block of the result in registers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from numpytorch.kernels.columns import Columns
from numpytorch.kernels.layout import channels_first, channels_last, place_type
from numpytorch.kernels.numba_backend import loops
from numpytorch.kernels.numba_backend.threads import THREADS, limit_blas, share_out
from numpytorch.kernels.numpy_backend import NumpyKernels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Kernels, Window
    from numpytorch.kernels.numba_backend.loops import Geometry

PARTS = 4 * THREADS
"""Blocks at least: if something else takes a processor for a while, few are left to wait for."""


class NumbaColumns(Columns):
    """Columns by compiled loops, without padded images."""

    parts = PARTS

    def prepared(self, images: Array) -> Array:
        """Return the images, contiguous."""
        return np.ascontiguousarray(images)

    def of(self, block: slice, step: slice) -> Array:
        """See `Columns.of`."""
        p = (block.stop - block.start) * (step.stop - step.start) * self.out_shape[1]
        shape = (self.length, p) if self.are_thin else (p, self.length)
        copy = loops.thin_columns if self.are_thin else loops.columns
        columns = np.empty(shape, self.images.dtype)
        copy(_read_only(self.images), columns, *self._where(block, step))
        return columns.T if self.are_thin else columns

    def add(self, columns: Array, block: slice, step: slice) -> None:
        """See `Columns.add`."""
        loops.add_columns(self.images, _read_only(columns), *self._where(block, step))

    def finished(self) -> Array:
        """See `Columns.finished`."""
        return self.images

    def _where(self, block: slice, step: slice) -> tuple[int, int, int, int, int, Geometry]:
        return block.start, block.stop, step.start, step.stop, self.out_shape[1], _geometry(self.window)


class NumbaKernels(NumpyKernels):
    """`Kernels` that Numba compiles when one is first called with a dtype, and keeps in a cache on disk."""

    name = "numba"
    columns = NumbaColumns

    def share_out(self, work: Callable[[slice], None], blocks: Sequence[slice]) -> None:
        """See `threads.share_out`."""
        share_out(work, blocks)

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """See `Kernels.max_pool2d`."""
        images, g = _read_only(channels_last(x)), _geometry(window)
        y = np.empty((len(x), *window.out_shape(*x.shape[2:]), x.shape[1]), x.dtype)
        places = np.empty(y.shape, place_type(window))
        share_out(lambda block: loops.max_pool(images, y, places, block.start, block.stop, g), _blocks(len(x)))
        return channels_first(y), channels_first(places)

    def max_pool2d_grad_input(self, dy: Array, places: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.max_pool2d_grad_input`."""
        n, c, h, w = x_shape
        upstream, winners = _read_only(channels_last(dy)), _read_only(channels_last(places))
        dx, g = np.zeros((n, h, w, c), dy.dtype), _geometry(window)
        share_out(lambda block: loops.max_pool_grad(dx, upstream, winners, block.start, block.stop, g), _blocks(n))
        return channels_first(dx)

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """See `Kernels.avg_pool2d`."""
        images, g = _read_only(channels_last(x)), _geometry(window)
        y = np.empty((len(x), *window.out_shape(*x.shape[2:]), x.shape[1]), x.dtype)
        share_out(lambda block: loops.avg_pool(images, y, block.start, block.stop, g), _blocks(len(x)))
        return channels_first(y)

    def avg_pool2d_grad_input(self, dy: Array, x_shape: Shape, window: Window) -> Array:
        """See `Kernels.avg_pool2d_grad_input`."""
        n, c, h, w = x_shape
        upstream, dx, g = _read_only(channels_last(dy)), np.zeros((n, h, w, c), dy.dtype), _geometry(window)
        share_out(lambda block: loops.avg_pool_grad(dx, upstream, block.start, block.stop, g), _blocks(n))
        return channels_first(dx)


def load() -> Kernels:
    """Return the kernels, and give BLAS one thread: see `threads`."""
    limit_blas()
    return NumbaKernels()


def _geometry(window: Window) -> Geometry:
    return (*window.size, *window.stride, *window.padding, *window.dilation)


def _blocks(n: int) -> list[slice]:
    """Cut n images into blocks of almost one size."""
    bounds = [n * i // PARTS for i in range(PARTS + 1)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b]


def _read_only(array: Array) -> Array:
    """Return a view that cannot be written to, whether the array itself can or not: one type for the compiler."""
    view = array.view()
    view.flags.writeable = False
    return view
