"""Pooling and its gradients: one entry of the result a thread, the gradients as gathers without atomics.

Kernels are compiled for a window: its loops unroll, and division by a stride becomes multiplication.

Traffic, forward: 4 * (x + out) bytes, and the places; KH*KW operations an entry of out. Windows side by side make that
1/4 flop/byte at most, and with stride 1 it is KH*KW/8: bound by memory unless windows are large. Gradient:
4 * (dy + dx) bytes, and the places; each dx reads the few dy whose windows hold it, through the caches.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda
from numpy import int32, uint32

from numpytorch.kernels.cuda.arrays import empty, flat, integers, launch, number
from numpytorch.kernels.cuda.tiles import THREADS, ceil_div

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.cuda.arrays import DeviceArray
    from numpytorch.kernels.interface import Window


def max_pool(x: DeviceArray, window: Window) -> tuple[DeviceArray, DeviceArray]:
    """Return the largest entry of each window and its place in the window."""
    shape = (*x.shape[:2], *window.out_shape(*x.shape[2:]))
    out, places = empty(shape, x.dtype), empty(shape, np.min_scalar_type(window.size[0] * window.size[1] - 1))
    _launch(kernels(window, x.dtype)[0], out, shape, tuple(x.shape), flat(out), flat(places), flat(x))
    return out, places


def max_pool_grad(dy: DeviceArray, places: DeviceArray, x_shape: Shape, window: Window) -> DeviceArray:
    """Return the gradient of x: each dy goes to the entry that won."""
    out = empty(x_shape, dy.dtype)
    _launch(kernels(window, dy.dtype)[1], out, tuple(dy.shape), x_shape, flat(out), flat(dy), flat(places))
    return out


def avg_pool(x: DeviceArray, window: Window) -> DeviceArray:
    """Return the average of each window; padding counts as zeros."""
    shape = (*x.shape[:2], *window.out_shape(*x.shape[2:]))
    out = empty(shape, x.dtype)
    _launch(kernels(window, x.dtype)[2], out, shape, tuple(x.shape), flat(out), flat(x))
    return out


def avg_pool_grad(dy: DeviceArray, x_shape: Shape, window: Window) -> DeviceArray:
    """Return the gradient of x: each dy is shared among the entries of its window."""
    out = empty(x_shape, dy.dtype)
    _launch(kernels(window, dy.dtype)[3], out, tuple(dy.shape), x_shape, flat(out), flat(dy))
    return out


def _launch(kernel: Any, out: DeviceArray, pooled: Shape, x_shape: Shape, *arrays: DeviceArray) -> None:
    launch(kernel, (ceil_div(out.size, THREADS),), THREADS, *arrays, integers(*x_shape[2:], *pooled[2:]))


@functools.cache
def kernels(window: Window, dtype: DTypeLike) -> tuple[Any, ...]:
    """Return the four kernels for a window: max, its gradient, average, its gradient."""
    return tuple(map(cuda.jit, sources(window, dtype)))


def sources(window: Window, dtype: DTypeLike) -> tuple[Any, ...]:
    """Return the four kernels as functions of Python."""
    # Numba compiles names of this scope as constants.
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = window.size, window.stride, window.padding, window.dilation
    threads = THREADS
    zero = number(0, dtype)
    lowest = number(-np.inf, dtype)
    share = number(1 / (kh * kw), dtype)

    def max_forward(out: Array, places: Array, x: Array, sizes: Array) -> None:
        height, width, out_h, out_w = sizes[0], sizes[1], sizes[2], sizes[3]
        entry = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if entry < out.shape[0]:
            row = uint32(entry // uint32(out_w))
            plane = uint32(row // uint32(out_h))
            top = int32((row - plane * out_h) * sh - ph)
            left = int32((entry - row * out_w) * sw - pw)
            base = int32(plane * height * width)
            best = lowest
            place = int32(-1)
            for i in range(kh):
                for j in range(kw):
                    h = int32(top + i * dh)
                    w = int32(left + j * dw)
                    if h >= 0 and h < height and w >= 0 and w < width:
                        value = x[uint32(base + h * width + w)]
                        # The first entry wins over none, a larger one over it, a NaN over numbers and over no NaN.
                        if place < 0 or value > best or (value != value and best == best):
                            best = value
                            place = int32(i * kw + j)
            out[entry] = best
            places[entry] = max(place, 0)

    def max_gradient(dx: Array, dy: Array, places: Array, sizes: Array) -> None:
        height, width, out_h, out_w = sizes[0], sizes[1], sizes[2], sizes[3]
        entry = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if entry < dx.shape[0]:
            row = uint32(entry // uint32(width))
            plane = uint32(row // uint32(height))
            h = int32(row - plane * height + ph)
            w = int32(entry - row * width + pw)
            base = int32(plane * out_h * out_w)
            total = zero
            for i in range(kh):
                down = int32(h - i * dh)
                if down >= 0:
                    oh = int32(uint32(down) // uint32(sh))
                    if oh * sh == down and oh < out_h:
                        for j in range(kw):
                            across = int32(w - j * dw)
                            if across >= 0:
                                ow = int32(uint32(across) // uint32(sw))
                                if ow * sw == across and ow < out_w:
                                    window_at = uint32(base + oh * out_w + ow)
                                    if places[window_at] == i * kw + j:
                                        total += dy[window_at]
            dx[entry] = total

    def avg_forward(out: Array, x: Array, sizes: Array) -> None:
        height, width, out_h, out_w = sizes[0], sizes[1], sizes[2], sizes[3]
        entry = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if entry < out.shape[0]:
            row = uint32(entry // uint32(out_w))
            plane = uint32(row // uint32(out_h))
            top = int32((row - plane * out_h) * sh - ph)
            left = int32((entry - row * out_w) * sw - pw)
            base = int32(plane * height * width)
            total = zero
            for i in range(kh):
                for j in range(kw):
                    h = int32(top + i * dh)
                    w = int32(left + j * dw)
                    if h >= 0 and h < height and w >= 0 and w < width:
                        total += x[uint32(base + h * width + w)]
            out[entry] = total * share

    def avg_gradient(dx: Array, dy: Array, sizes: Array) -> None:
        height, width, out_h, out_w = sizes[0], sizes[1], sizes[2], sizes[3]
        entry = uint32(cuda.blockIdx.x * threads + cuda.threadIdx.x)
        if entry < dx.shape[0]:
            row = uint32(entry // uint32(width))
            plane = uint32(row // uint32(height))
            h = int32(row - plane * height + ph)
            w = int32(entry - row * width + pw)
            base = int32(plane * out_h * out_w)
            total = zero
            for i in range(kh):
                down = int32(h - i * dh)
                if down >= 0:
                    oh = int32(uint32(down) // uint32(sh))
                    if oh * sh == down and oh < out_h:
                        for j in range(kw):
                            across = int32(w - j * dw)
                            if across >= 0:
                                ow = int32(uint32(across) // uint32(sw))
                                if ow * sw == across and ow < out_w:
                                    total += dy[uint32(base + oh * out_w + ow)]
            dx[entry] = total * share

    return max_forward, max_gradient, avg_forward, avg_gradient
