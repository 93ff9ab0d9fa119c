"""The loops on several threads: each takes a part of the images.

The products of matrices are those of SciPy's BLAS, which `np.dot` calls here: they reach about twice the rate of the
best loop that Numba compiles, for LLVM prefers vectors of half the width, and keeps no block of the result in
registers. Each thread calls it for itself, on columns that it has just made and that are in its cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit, prange

from numpytorch.kernels.numba_backend import loops

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array
    from numpytorch.kernels.numba_backend.loops import Geometry

compiled: Callable[[Callable[..., None]], Callable[..., None]] = njit(
    parallel={"prange": True, "setitem": False, "numpy": False, "reduction": False, "inplace_binop": False,
              "stencil": False, "fusion": False},  # `prange` and nothing else is looked for: half the time to compile
    nogil=True, cache=True,
)  # fmt: skip

_columns, _thin_columns, _add_columns = loops.columns, loops.thin_columns, loops.add_columns
_max_pool, _max_pool_grad = loops.max_pool, loops.max_pool_grad
_avg_pool, _avg_pool_grad = loops.avg_pool, loops.avg_pool_grad


@compiled
def conv(
    images: Array, filters: Array, bias: Array, y: Array, g: Geometry, thin: bool, some: int, rows: int, parts: int
) -> None:
    """Write conv2d to y, (N, OH, OW, F), from filters (KH*KW*C, F), `some` images and `rows` of output at a time."""
    n, oh, ow, f = y.shape
    flat = y.reshape(y.size)
    for part in prange(parts):
        end = n * (part + 1) // parts
        for first in range(n * part // parts, end, some):
            last = min(first + some, end)
            for top in range(0, oh, rows):
                bottom = min(top + rows, oh)
                p = (last - first) * (bottom - top) * ow
                start = (first * oh + top) * ow
                out = flat[start * f : (start + p) * f].reshape(p, f)
                if thin:
                    lines = np.empty((filters.shape[0], p), y.dtype)
                    _thin_columns(images, lines, first, last, top, bottom, ow, g)
                    np.dot(lines.T, filters, out)
                else:
                    columns = np.empty((p, filters.shape[0]), y.dtype)
                    _columns(images, columns, first, last, top, bottom, ow, g)
                    np.dot(columns, filters, out)
                if bias.size:
                    for r in range(p):
                        row = out[r]
                        for k in range(f):
                            row[k] += bias[k]


@compiled
def conv_grad_input(dx: Array, dy: Array, filters: Array, g: Geometry, some: int, rows: int, parts: int) -> None:
    """Add the gradient of the images to dx, from dy (N, OH, OW, F) and filters (F, KH*KW*C)."""
    n, oh, ow, f = dy.shape
    flat = dy.reshape(dy.size)
    for part in prange(parts):
        end = n * (part + 1) // parts
        for first in range(n * part // parts, end, some):
            last = min(first + some, end)
            for top in range(0, oh, rows):
                bottom = min(top + rows, oh)
                p = (last - first) * (bottom - top) * ow
                start = (first * oh + top) * ow
                columns = np.dot(flat[start * f : (start + p) * f].reshape(p, f), filters)
                _add_columns(dx, columns, first, last, top, bottom, ow, g)


@compiled
def conv_grad_weight(
    images: Array, dy: Array, dw: Array, g: Geometry, thin: bool, some: int, rows: int, parts: int
) -> None:
    """Add what each part of the images has of the gradient to dw[part], (F, KH*KW*C)."""
    n, oh, ow, f = dy.shape
    flat = dy.reshape(dy.size)
    for part in prange(parts):
        total = dw[part].reshape(dw[part].size)
        end = n * (part + 1) // parts
        for first in range(n * part // parts, end, some):
            last = min(first + some, end)
            for top in range(0, oh, rows):
                bottom = min(top + rows, oh)
                p = (last - first) * (bottom - top) * ow
                start = (first * oh + top) * ow
                upstream = flat[start * f : (start + p) * f].reshape(p, f)
                if thin:
                    lines = np.empty((dw.shape[2], p), dw.dtype)
                    _thin_columns(images, lines, first, last, top, bottom, ow, g)
                    product = np.dot(upstream.T, lines.T)
                else:
                    columns = np.empty((p, dw.shape[2]), dw.dtype)
                    _columns(images, columns, first, last, top, bottom, ow, g)
                    product = np.dot(upstream.T, columns)
                product = product.reshape(product.size)
                for k in range(total.size):
                    total[k] += product[k]


@compiled
def max_pool(images: Array, y: Array, places: Array, g: Geometry, parts: int) -> None:
    """Do `loops.max_pool` for all images."""
    n = len(images)
    for part in prange(parts):
        _max_pool(images, y, places, n * part // parts, n * (part + 1) // parts, g)


@compiled
def max_pool_grad(dx: Array, dy: Array, places: Array, g: Geometry, parts: int) -> None:
    """Do `loops.max_pool_grad` for all images."""
    n = len(dx)
    for part in prange(parts):
        _max_pool_grad(dx, dy, places, n * part // parts, n * (part + 1) // parts, g)


@compiled
def avg_pool(images: Array, y: Array, g: Geometry, parts: int) -> None:
    """Do `loops.avg_pool` for all images."""
    n = len(images)
    for part in prange(parts):
        _avg_pool(images, y, n * part // parts, n * (part + 1) // parts, g)


@compiled
def avg_pool_grad(dx: Array, dy: Array, g: Geometry, parts: int) -> None:
    """Do `loops.avg_pool_grad` for all images."""
    n = len(dx)
    for part in prange(parts):
        _avg_pool_grad(dx, dy, n * part // parts, n * (part + 1) // parts, g)
