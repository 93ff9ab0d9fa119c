"""The gradient of a convolution's weight: dw[f, k] = the sum over pixels p of all images of dy[f, p] * columns[k, p].

k = (channel, tap), and columns[k, p] is the entry of x that pixel p of the output met at k: an implicit GEMM again,
whose long side is summed over, in slices (sums.py). Pixels are counted (n, oh, ow) in mixed radix and advanced by
addition, so that no step divides.

GEMM path: a block computes a tile of dw over one slice; per step, 4 * depth * (rows + columns) bytes for 2 * depth *
rows * columns operations, 16 flop/byte for 64x64, 32 for 128x128, from the caches (each entry of x is met `taps`
times). From global memory at least 4 * (dy + x) bytes, and the workspace, 8 * slices * dw. For (N 256, C 64, F 128,
28x28, k 3): 154 MB and 29.6 GFLOP with padding 1, 190 flop/byte, bound by arithmetic.

Direct path, for few channels: a thread keeps the sums of all taps of one channel for a few filters in registers and
walks the pixels of the slice; at the end the block's threads are added up. Per pixel it reads 4 * (filters + taps)
bytes through the L1 cache for 2 * filters * taps operations: 1.4 flop/byte for 4 filters and 9 taps. From global
memory dy is read once for each channel of a group, 4 * dy * channels bytes: for Conv2d(1, 32, 3) at N = 256, 22 MB
for 100 MFLOP, 4.3 flop/byte, bound by memory.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda
from numpy import int32, int64, uint32, uint64

from numpytorch.kernels.cuda.arrays import flat, launch, number
from numpytorch.kernels.cuda.product import ALIGNMENT, PADDING, UNSIGNED, accumulate, compiled
from numpytorch.kernels.cuda.sums import in_slices
from numpytorch.kernels.cuda.tiles import (
    MULTIPROCESSORS,
    THREADS,
    Tile,
    ceil_div,
    few_filters,
    weight_takes_direct_path,
    weight_tile,
)

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.cuda.arrays import DeviceArray
    from numpytorch.kernels.interface import Window

# Where a kernel finds the numbers of a plan.
ROWS, CHANNELS, TAPS, PIXELS, LENGTH, PRODUCTS = range(6)
OUT_CHANNELS, OUT_H, OUT_W, SRC_CHANNELS, SRC_H, SRC_W = range(6, 12)
STEP_H, STEP_W, BY_N, BY_H, BY_W = range(12, 17)
HEADER = 18
"""Then three tables of PRODUCTS: offset in x, di, dj."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The sum above, for one cut into slices."""

    x: Shape
    dy: Shape
    window: Window
    groups: int
    length: int
    """Pixels of a slice."""
    advance: int
    """Pixels from one that a thread takes to its next."""

    def numbers(self) -> Array:
        """Return the plan as kernels read it."""
        (n, c, height, width), (_, f, oh, ow) = self.x, self.dy
        (kh, kw), (dh, dw), (ph, pw) = self.window.size, self.window.dilation, self.window.padding
        rows, channels = f // self.groups, c // self.groups
        di = np.repeat(np.arange(kh) * dh - ph, kw)
        dj = np.tile(np.arange(kw) * dw - pw, kh)
        ch = np.arange(channels)[:, None]
        by_n, by_area = divmod(self.advance, oh * ow)
        header = np.zeros(HEADER, np.int64)
        header[: BY_W + 1] = (
            *(rows, channels, kh * kw, n * oh * ow, self.length, channels * kh * kw),
            *(f, oh, ow, c, height, width),
            *(*self.window.stride, by_n, *divmod(by_area, ow)),
        )
        tables = ((ch * height + di) * width + dj, di + 0 * ch, dj + 0 * ch)
        return np.concatenate([header, *map(np.ravel, tables)]).astype(np.int32)


@functools.lru_cache(maxsize=1024)
def _on_device(plan: Plan) -> DeviceArray:
    return cuda.to_device(plan.numbers())


def grad_weight(dy: DeviceArray, x: DeviceArray, window: Window, groups: int) -> DeviceArray:
    """Return the gradient of weight, (F, C/groups, KH, KW), on the path that its shape takes."""
    (n, f, oh, ow), (kh, kw) = dy.shape, window.size
    rows, channels = f // groups, x.shape[1] // groups
    taps = kh * kw
    flat_dy, flat_x = flat(dy), flat(x)
    by_thread = weight_takes_direct_path(rows, channels, taps)
    if by_thread:
        filters = few_filters(rows)
        kernel = direct_kernel(filters, taps, dy.dtype)
        grid = (groups * channels, ceil_div(rows, filters))
        threads, advance, enough = THREADS, THREADS, 4 * MULTIPROCESSORS
    else:
        tile = weight_tile(rows, channels * taps, dy.dtype)
        kernel = gemm_kernel(tile, dy.dtype, checked=window.padding != (0, 0))
        grid = (ceil_div(channels * taps, tile.columns), ceil_div(rows, tile.rows) * groups)
        threads, advance, enough = tile.threads, tile.depth, tile.enough_blocks

    def compute(partial: DeviceArray, slices: int, length: int) -> None:
        plan = Plan(tuple(x.shape), tuple(dy.shape), window, groups, length, advance)
        launch(kernel, (*grid, slices), threads, partial, flat_dy, flat_x, _on_device(plan))

    return in_slices((f, channels, kh, kw), dy.dtype, n * oh * ow, enough // (grid[0] * grid[1]), advance, compute)


@functools.cache
def gemm_kernel(tile: Tile, dtype: DTypeLike, *, checked: bool) -> Any:
    """Return the kernel for a tile; `checked` if windows reach into padding."""
    return compiled(gemm_source(tile, dtype, checked=checked), tile)


def gemm_source(tile: Tile, dtype: DTypeLike, *, checked: bool) -> Any:
    """Return the kernel of the GEMM path as a function of Python."""
    # Numba compiles names of this scope as constants.
    threads, depth, mine = tile.threads, tile.depth, tile.mine
    tile_rows, tile_columns = tile.rows, tile.columns
    across = tile.columns // mine  # threads side by side
    run_rows, run_columns = tile.rows // (mine // 4), tile.columns // (mine // 4)
    lines = threads // depth  # rows of dy, or of columns, read at once: `depth` pixels of each
    a_loads, b_loads = tile.rows // lines, tile.columns // lines
    a_width, b_width = tile.rows + PADDING, tile.columns + PADDING
    a_size, b_size = depth * a_width, depth * b_width
    a_halves, b_halves = 2 * a_size, 2 * b_size  # one is filled while the other is read
    zero = number(0, dtype)
    multiply = accumulate(tile)

    def kernel(partial: Array, dy: Array, x: Array, plan: Array) -> None:
        a_tile = cuda.shared.array(a_halves, dtype, ALIGNMENT)
        b_tile = cuda.shared.array(b_halves, dtype, ALIGNMENT)
        total = cuda.local.array((mine, mine), dtype)
        a = cuda.local.array(mine, dtype)
        b = cuda.local.array(mine, dtype)
        a_next = cuda.local.array(a_loads, dtype)
        b_next = cuda.local.array(b_loads, dtype)
        a_row = cuda.local.array(a_loads, int32)
        offset = cuda.local.array(b_loads, int32)

        t = uint32(cuda.threadIdx.x)
        rows = plan[ROWS]
        products = plan[PRODUCTS]
        height = uint32(plan[SRC_H])
        width = uint32(plan[SRC_W])
        out_h = plan[OUT_H]
        out_w = plan[OUT_W]
        area = int32(out_h * out_w)
        step_h = plan[STEP_H]
        step_w = plan[STEP_W]
        by_n = plan[BY_N]
        by_h = plan[BY_H]
        by_w = plan[BY_W]
        tiles_down = uint32((rows + tile_rows - 1) // tile_rows)
        group = int32(uint32(cuda.blockIdx.y) // tiles_down)
        first_row = int32((cuda.blockIdx.y - group * tiles_down) * tile_rows)
        first_column = int32(cuda.blockIdx.x * tile_columns)
        dy_image = int32(plan[OUT_CHANNELS] * area)
        x_image = int32(plan[SRC_CHANNELS] * plan[SRC_H] * plan[SRC_W])

        # This thread's part of both tiles: one pixel of a step, in a_loads rows and b_loads columns. Rows and columns
        # beyond the last one are the last one, computed and not stored.
        line = uint32(t // depth)
        lane = uint32(t % depth)
        b_column = int32(first_column + line)
        for r in range(a_loads):
            row = int32(min(first_row + line + r * lines, rows - 1))
            a_row[r] = (group * rows + row) * area
        x_base = int32(group * plan[CHANNELS] * plan[SRC_H] * plan[SRC_W])
        for r in range(b_loads):
            k = int32(min(b_column + r * lines, products - 1))
            offset[r] = x_base + plan[uint32(HEADER + k)]
        first = int32(cuda.blockIdx.z * plan[LENGTH])
        end = int32(min(first + plan[LENGTH], plan[PIXELS]))
        pixel = int32(first + lane)
        n = int32(uint32(pixel) // uint32(area))
        oh = int32(uint32(pixel - n * area) // uint32(out_w))
        ow = int32(pixel - n * area - oh * out_w)

        for i in range(mine):
            for j in range(mine):
                total[i, j] = zero
        a_at = uint32(t // across * 4)
        b_at = uint32(t % across * 4)
        a_store = uint32(lane * a_width + line)
        b_store = uint32(lane * b_width + line)
        steps = int32((end - first + depth - 1) // depth)
        for step in range(steps + 1):
            if step < steps:  # fetch the next tiles while the last ones are multiplied
                for r in range(a_loads):
                    a_next[r] = zero
                for r in range(b_loads):
                    b_next[r] = zero
                if pixel < end:
                    dy_at = int32(n * dy_image + oh * out_w + ow)
                    for r in range(a_loads):
                        a_next[r] = dy[uint32(dy_at + a_row[r])]
                    top = int32(oh * step_h)
                    left = int32(ow * step_w)
                    x_at = int32(n * x_image + top * plan[SRC_W] + left)
                    for r in range(b_loads):
                        if checked:
                            k = int32(min(b_column + r * lines, products - 1))
                            # One comparison for both ends: what is below zero is very large without its sign.
                            h = int64(int32(top + plan[uint32(HEADER + products + k)])) & UNSIGNED
                            w = int64(int32(left + plan[uint32(HEADER + 2 * products + k)])) & UNSIGNED
                            if h < height and w < width:
                                b_next[r] = x[uint32(x_at + offset[r])]
                        else:
                            b_next[r] = x[uint32(x_at + offset[r])]
                pixel = int32(pixel + depth)
                ow = int32(ow + by_w)
                oh = int32(oh + by_h)
                n = int32(n + by_n)
                if ow >= out_w:
                    ow = int32(ow - out_w)
                    oh = int32(oh + 1)
                if oh >= out_h:
                    oh = int32(oh - out_h)
                    n = int32(n + 1)
            if step > 0:
                half = int32((step - 1) % 2)
                multiply(total, a, b, a_tile, b_tile, uint32(half * a_size + a_at), uint32(half * b_size + b_at))
            if step < steps:
                half = int32(step % 2)
                a_to = uint32(half * a_size + a_store)
                b_to = uint32(half * b_size + b_store)
                for r in range(a_loads):
                    a_tile[uint64(a_to + r * lines)] = a_next[r]
                for r in range(b_loads):
                    b_tile[uint64(b_to + r * lines)] = b_next[r]
            cuda.syncthreads()

        row_base = int32(cuda.blockIdx.z * plan[OUT_CHANNELS] + group * rows)
        for i in range(mine):
            row = int32(first_row + a_at + i // 4 * run_rows + i % 4)
            if row < rows:
                for j in range(mine):
                    k = int32(first_column + b_at + j // 4 * run_columns + j % 4)
                    if k < products:
                        partial[uint32((row_base + row) * products + k)] = total[i, j]

    return kernel


@functools.cache
def direct_kernel(filters: int, taps: int, dtype: DTypeLike) -> Any:
    """Return the kernel for a number of filters a thread and a number of taps."""
    return cuda.jit(direct_source(filters, taps, dtype))


def direct_source(filters: int, taps: int, dtype: DTypeLike) -> Any:
    """Return the kernel of the direct path as a function of Python."""
    # Numba compiles names of this scope as constants.
    threads = THREADS
    width_of_sums = threads + 1  # one more: threads that add up different taps read different banks
    size = taps * width_of_sums
    zero = number(0, dtype)

    def kernel(partial: Array, dy: Array, x: Array, plan: Array) -> None:
        sums = cuda.shared.array(size, dtype)
        total = cuda.local.array((filters, taps), dtype)
        upstream = cuda.local.array(filters, dtype)

        t = uint32(cuda.threadIdx.x)
        rows = plan[ROWS]
        channels = plan[CHANNELS]
        products = plan[PRODUCTS]
        height = plan[SRC_H]
        width = plan[SRC_W]
        out_h = plan[OUT_H]
        out_w = plan[OUT_W]
        area = int32(out_h * out_w)
        group = int32(uint32(cuda.blockIdx.x) // uint32(channels))
        channel = int32(cuda.blockIdx.x - group * channels)
        first_row = int32(cuda.blockIdx.y * filters)
        dy_base = int32((group * rows + first_row) * area)
        x_base = int32(cuda.blockIdx.x * height * width)

        pixel = int32(cuda.blockIdx.z * plan[LENGTH] + t)
        end = int32(min(cuda.blockIdx.z * plan[LENGTH] + plan[LENGTH], plan[PIXELS]))
        n = int32(uint32(pixel) // uint32(area))
        oh = int32(uint32(pixel - n * area) // uint32(out_w))
        ow = int32(pixel - n * area - oh * out_w)
        for i in range(filters):
            for q in range(taps):
                total[i, q] = zero
        while pixel < end:
            dy_at = int32(dy_base + n * plan[OUT_CHANNELS] * area + oh * out_w + ow)
            for i in range(filters):
                upstream[i] = zero
                if first_row + i < rows:
                    upstream[i] = dy[uint32(dy_at + i * area)]
            top = int32(oh * plan[STEP_H])
            left = int32(ow * plan[STEP_W])
            x_at = int32(x_base + n * plan[SRC_CHANNELS] * height * width + top * width + left)
            for q in range(taps):
                h = int32(top + plan[uint32(HEADER + products + q)])
                w = int32(left + plan[uint32(HEADER + 2 * products + q)])
                value = zero
                if h >= 0 and h < height and w >= 0 and w < width:
                    value = x[uint32(x_at + plan[uint32(HEADER + q)])]
                for i in range(filters):
                    total[i, q] += upstream[i] * value
            pixel = int32(pixel + threads)
            ow = int32(ow + plan[BY_W])
            oh = int32(oh + plan[BY_H])
            n = int32(n + plan[BY_N])
            if ow >= out_w:
                ow = int32(ow - out_w)
                oh = int32(oh + 1)
            if oh >= out_h:
                oh = int32(oh - out_h)
                n = int32(n + 1)

        for i in range(filters):
            cuda.syncthreads()
            for q in range(taps):
                sums[uint64(q * width_of_sums + t)] = total[i, q]
            cuda.syncthreads()
            if first_row + i < rows:
                row = int32(cuda.blockIdx.z * plan[OUT_CHANNELS] + group * rows + first_row + i)
                for q in range(t, taps, threads):
                    value = zero
                    for other in range(threads):
                        value += sums[uint64(q * width_of_sums + other)]
                    partial[uint32(row * products + channel * taps + q)] = value

    return kernel
