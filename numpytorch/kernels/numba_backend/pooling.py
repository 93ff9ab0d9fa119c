"""Pooling in compiled loops, the images on all threads.

The innermost loops go along the channels, over contiguous numbers: the compiler makes vector instructions of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import prange

from numpytorch.kernels.numba_backend.compiler import on_all_threads

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.kernels.numba_backend.compiler import Geometry


@on_all_threads
def max_pool(images: Array, y: Array, places: Array, g: Geometry) -> None:
    """Write the largest entry of each window to y and its place to `places`, both (N, OH, OW, C)."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    n_images, h, w, c = images.shape
    for n in prange(n_images):
        for oh in range(y.shape[1]):
            for ow in range(y.shape[2]):
                best, place = y[n, oh, ow], places[n, oh, ow]
                is_first = True
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if down < 0 or down >= h or across < 0 or across >= w:
                            continue
                        entry = images[n, down, across]
                        at = places.dtype.type(i * kw + j)
                        if is_first:
                            for k in range(c):
                                best[k] = entry[k]
                                place[k] = at
                            is_first = False
                        else:
                            for k in range(c):
                                old, new = best[k], entry[k]
                                better = (new > old) | ((new != new) & (old == old))  # a NaN wins
                                best[k] = new if better else old
                                place[k] = at if better else place[k]


@on_all_threads
def max_pool_grad(dx: Array, dy: Array, places: Array, g: Geometry) -> None:
    """Write the gradient of the images to dx: each dy is added to the entry at its place.

    Each place is looked at in turn, so that no two channels wait for another.
    """
    kh, kw, sh, sw, ph, pw, dh, dw = g
    n_images, h, w, c = dx.shape
    for n in prange(n_images):
        dx[n].fill(0)  # by the thread that adds to it, and has it in its cache then
        for oh in range(dy.shape[1]):
            for ow in range(dy.shape[2]):
                gradient, place = dy[n, oh, ow], places[n, oh, ow]
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if 0 <= down < h and 0 <= across < w:
                            entry = dx[n, down, across]
                            for k in range(c):
                                entry[k] += gradient[k] if place[k] == i * kw + j else dx.dtype.type(0)


@on_all_threads
def avg_pool(images: Array, y: Array, g: Geometry) -> None:
    """Write the average of each window to y, (N, OH, OW, C)."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    n_images, h, w, c = images.shape
    for n in prange(n_images):
        for oh in range(y.shape[1]):
            for ow in range(y.shape[2]):
                mean = y[n, oh, ow]
                for k in range(c):
                    mean[k] = 0
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if 0 <= down < h and 0 <= across < w:
                            entry = images[n, down, across]
                            for k in range(c):
                                mean[k] += entry[k]
                for k in range(c):
                    mean[k] /= y.dtype.type(kh * kw)


@on_all_threads
def avg_pool_grad(dx: Array, dy: Array, g: Geometry) -> None:
    """Write the gradient of the images to dx: each dy is shared among the entries of its window."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    n_images, h, w, c = dx.shape
    part = dx.dtype.type(1) / dx.dtype.type(kh * kw)
    for n in prange(n_images):
        dx[n].fill(0)  # by the thread that adds to it, and has it in its cache then
        for oh in range(dy.shape[1]):
            for ow in range(dy.shape[2]):
                gradient = dy[n, oh, ow]
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if 0 <= down < h and 0 <= across < w:
                            entry = dx[n, down, across]
                            for k in range(c):
                                entry[k] += gradient[k] * part
