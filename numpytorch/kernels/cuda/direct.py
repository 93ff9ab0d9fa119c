"""The direct path: a gather as in gather.py, one pixel and a few rows a thread, for few channels.

A thread keeps the offsets of its taps and its totals in registers, and walks the channels; the weights of some
channels at a time lie in shared memory, from where all threads of a warp read the same one at once. Neighbouring
threads read neighbouring pixels, and what they share they find in the L1 cache.

Traffic: src is read once from global memory if the L1 cache holds the rows that a block's taps share, and out is
written once: 4 * (src + out) bytes, for 2 * products operations an entry of out. For Conv2d(1, 32, 3) on 28x28 at N =
256 that is 23 MB and 100 MFLOP, 4.3 flop/byte: bound by memory, as is its gradient of the input, 23 MB and 116 MFLOP.
From the L1 cache a thread reads 4 bytes a product for 2 * rows operations: `rows`/2 flop/byte.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from numba import cuda
from numpy import int32, uint32, uint64

from numpytorch.kernels.cuda import gather as at
from numpytorch.kernels.cuda.arrays import SIMULATED, launch, number
from numpytorch.kernels.cuda.product import ALIGNMENT
from numpytorch.kernels.cuda.tiles import THREADS, ceil_div

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.arrays import DeviceArray

MOST_ROWS = 2 if SIMULATED else 32
"""Rows of one thread: totals in registers."""

SHARED = 8 if SIMULATED else 64
"""Products whose weights lie in shared memory at a time, or those of one channel if these are more."""


def direct(plan: at.Gather, out: DeviceArray, src: DeviceArray, weight: DeviceArray, bias: DeviceArray) -> None:
    """Compute the gather of `plan`, arrays flat; bias is any array where the plan has none."""
    rows = min(MOST_ROWS, 1 << (plan.rows - 1).bit_length())
    kernel = direct_kernel(rows, len(plan.taps), out.dtype)
    grid = (ceil_div(plan.pixels, THREADS), ceil_div(plan.rows, rows), plan.groups)
    launch(kernel, grid, THREADS, out, src, weight, bias, at.on_device(plan))


@functools.cache
def direct_kernel(mine: int, taps: int, dtype: DTypeLike) -> Any:
    """Return the kernel for a number of rows a thread and a number of taps."""
    return cuda.jit(direct_source(mine, taps, dtype))


def direct_source(mine: int, taps: int, dtype: DTypeLike) -> Any:
    """Return the kernel as a function of Python."""
    # Numba compiles names of this scope as constants.
    threads = THREADS
    at_once = max(1, SHARED // max(taps, 1))  # channels
    size = at_once * max(taps, 1) * mine
    kept = max(taps, 1)
    zero = number(0, dtype)

    def kernel(out: Array, src: Array, weight: Array, bias: Array, plan: Array) -> None:
        shared = cuda.shared.array(size, dtype, ALIGNMENT)
        where = cuda.local.array(kept, int32)
        total = cuda.local.array(mine, dtype)

        t = uint32(cuda.threadIdx.x)
        group = int32(cuda.blockIdx.z)
        first_row = int32(cuda.blockIdx.y * mine)
        rows = plan[at.ROWS]
        products = plan[at.PRODUCTS]
        channels = plan[at.CHANNELS]
        height = plan[at.SRC_H]
        width = plan[at.SRC_W]
        row_stride = plan[at.ROW_STRIDE]
        weight_base = int32(group * plan[at.GROUP_STRIDE] + first_row * row_stride)

        pixel = uint32(cuda.blockIdx.x * threads + t)
        exists = pixel < plan[at.PIXELS]
        if not exists:
            pixel = uint32(0)  # it takes part in filling shared memory
        area = uint32(plan[at.U] * plan[at.V])
        n = uint32(pixel // area)
        pixel = uint32(pixel - n * area)
        u = int32(pixel // uint32(plan[at.V]))
        v = int32(pixel - u * plan[at.V])
        for q in range(taps):
            h = int32(u * plan[at.STEP_H] + plan[uint32(at.HEADER + 2 * products + q)])
            w = int32(v * plan[at.STEP_W] + plan[uint32(at.HEADER + 3 * products + q)])
            inside = exists and h >= 0 and h < height and w >= 0 and w < width
            where[q] = h * width + w if inside else -1
        for i in range(mine):
            total[i] = zero

        base = int32((n * plan[at.SRC_CHANNELS] + group * channels) * height * width)
        plane = int32(height * width)
        for first in range(0, channels, at_once):
            cuda.syncthreads()
            for e in range(t, size, threads):
                k = int32(first * taps + e // mine)
                row = int32(e % mine)
                shared[uint64(e)] = zero
                if k < products and first_row + row < rows:
                    shared[uint64(e)] = weight[uint32(weight_base + plan[uint32(at.HEADER + k)] + row * row_stride)]
            cuda.syncthreads()
            for c in range(min(at_once, channels - first)):
                for q in range(taps):
                    value = zero
                    if where[q] >= 0:
                        value = src[uint32(base + where[q])]
                    for i in range(mine):
                        total[i] += value * shared[uint64((c * taps + q) * mine + i)]
                base = int32(base + plane)

        if exists:
            h = int32(plan[at.START_H] + u * plan[at.EVERY_H])
            w = int32(plan[at.START_W] + v * plan[at.EVERY_W])
            plane = int32(plan[at.OUT_H] * plan[at.OUT_W])
            place = int32((n * plan[at.OUT_CHANNELS] + group * rows + first_row) * plane + h * plan[at.OUT_W] + w)
            has_bias = plan[at.HAS_BIAS]
            for i in range(mine):
                if first_row + i < rows:
                    value = total[i]
                    if has_bias:
                        value += bias[uint32(group * rows + first_row + i)]
                    out[uint32(place + i * plane)] = value

    return kernel
