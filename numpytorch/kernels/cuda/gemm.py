"""Implicit GEMM: the gather of gather.py as a product of matrices, of which the larger is never stored.

out (rows, pixels) = weight (rows, products) @ columns (products, pixels), where columns[k, p] is the source's entry
that pixel p meets at product k. A block computes a tile of out. In steps of `depth` products it copies a tile of
weight and a tile of columns to shared memory, gathering the latter; each thread then takes mine x mine results, kept
in registers, from 2*mine numbers of shared memory per product.

Traffic of a block, per step and in bytes of global memory (the caches serve most of the gather, which reads an entry
once for each tap): 4 * depth * (rows + columns) for 2 * depth * rows * columns operations, so 32 flop/byte for a tile
of 128x128, 21 for 64x128, 16 for 64x64 and 13 for 32x128. From shared memory a thread reads 4 * 2*mine bytes for
2*mine^2 operations, mine/4 flop/byte: 2. The whole kernel must move at least 4 * (src + weight + out) bytes: for (N
256, C 64, F 128, 28x28, k 3) that is 140 MB for 25.5 GFLOP, 180 flop/byte, well above what divides memory-bound from
compute-bound (about 14 on an H200 in float32).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from numba import cuda
from numpy import int32, int64, uint32, uint64

from numpytorch.kernels.cuda import gather as at
from numpytorch.kernels.cuda.arrays import launch, number
from numpytorch.kernels.cuda.product import ALIGNMENT, PADDING, UNSIGNED, accumulate, compiled
from numpytorch.kernels.cuda.tiles import Tile, ceil_div, tile_for

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.arrays import DeviceArray


def gemm(plan: at.Gather, out: DeviceArray, src: DeviceArray, weight: DeviceArray, bias: DeviceArray) -> None:
    """Compute the gather of `plan`, arrays flat; bias is any array where the plan has none."""
    tile = tile_for(plan.rows, plan.pixels, plan.groups, out.dtype)
    kernel = gemm_kernel(tile, out.dtype, checked=not plan.stays_inside)
    grid = (ceil_div(plan.pixels, tile.columns), ceil_div(plan.rows, tile.rows), plan.groups)
    launch(kernel, grid, tile.threads, out, src, weight, bias, at.on_device(plan))


@functools.cache
def gemm_kernel(tile: Tile, dtype: DTypeLike, *, checked: bool) -> Any:
    """Return the kernel for a tile; `checked` if taps can fall outside the source."""
    return compiled(gemm_source(tile, dtype, checked=checked), tile)


def gemm_source(tile: Tile, dtype: DTypeLike, *, checked: bool) -> Any:
    """Return the kernel as a function of Python."""
    # Numba compiles names of this scope as constants.
    threads, depth, mine = tile.threads, tile.depth, tile.mine
    tile_rows, tile_columns = tile.rows, tile.columns
    across = tile.columns // mine  # threads side by side
    run_rows, run_columns = tile.rows // (mine // 4), tile.columns // (mine // 4)
    a_lines = threads // depth  # rows of weight read at once, `depth` products of each
    a_loads = tile.rows * depth // threads
    b_lanes = min(threads, tile.columns)  # columns read at once
    b_columns = tile.columns // b_lanes
    b_lines = threads // b_lanes
    b_loads = depth // b_lines
    a_width, b_width = tile.rows + PADDING, tile.columns + PADDING
    a_size, b_size = depth * a_width, depth * b_width
    a_halves, b_halves = 2 * a_size, 2 * b_size  # one is filled while the other is read
    zero = number(0, dtype)
    multiply = accumulate(tile)

    def kernel(out: Array, src: Array, weight: Array, bias: Array, plan: Array) -> None:
        a_tile = cuda.shared.array(a_halves, dtype, ALIGNMENT)
        b_tile = cuda.shared.array(b_halves, dtype, ALIGNMENT)
        total = cuda.local.array((mine, mine), dtype)
        a = cuda.local.array(mine, dtype)
        b = cuda.local.array(mine, dtype)
        a_next = cuda.local.array(a_loads, dtype)
        b_next = cuda.local.array((b_columns, b_loads), dtype)
        a_row = cuda.local.array(a_loads, int32)
        base = cuda.local.array(b_columns, int32)
        top = cuda.local.array(b_columns, int32)
        left = cuda.local.array(b_columns, int32)
        place = cuda.local.array(mine, int32)

        t = uint32(cuda.threadIdx.x)
        group = int32(cuda.blockIdx.z)
        rows = plan[at.ROWS]
        products = plan[at.PRODUCTS]
        pixels = plan[at.PIXELS]
        width_v = uint32(plan[at.V])
        area = uint32(plan[at.U] * plan[at.V])
        height = uint32(plan[at.SRC_H])
        width = uint32(plan[at.SRC_W])
        first_row = int32(cuda.blockIdx.y * tile_rows)
        first_pixel = int32(cuda.blockIdx.x * tile_columns)

        # This thread's part of the tile of weight: one product of a step, in a_loads rows.
        a_line = uint32(t // depth)
        a_k = int32(t % depth)
        for r in range(a_loads):
            row = int32(min(first_row + a_line + r * a_lines, rows - 1))  # beyond the last row: computed, not stored
            a_row[r] = group * plan[at.GROUP_STRIDE] + row * plan[at.ROW_STRIDE]

        # And of the tile of columns: b_columns pixels, in b_loads products of a step.
        b_column = uint32(t % b_lanes)
        b_line = uint32(t // b_lanes)
        b_k = int32(b_line)
        for c in range(b_columns):
            pixel = uint32(first_pixel + c * b_lanes + b_column)
            if pixel >= pixels:
                pixel = uint32(0)  # computed, and not stored
            n = uint32(pixel // area)
            pixel = uint32(pixel - n * area)
            u = uint32(pixel // width_v)
            top[c] = u * plan[at.STEP_H]
            left[c] = (pixel - u * width_v) * plan[at.STEP_W]
            channel = int32(n * plan[at.SRC_CHANNELS] + group * plan[at.CHANNELS])
            base[c] = (channel * height + top[c]) * width + left[c]

        for i in range(mine):
            for j in range(mine):
                total[i, j] = zero
        a_at = uint32(t // across * 4)
        b_at = uint32(t % across * 4)
        a_store = uint32(a_k * a_width + a_line)
        b_store = uint32(b_line * b_width + b_column)
        steps = int32((products + depth - 1) // depth)
        for step in range(steps + 1):
            if step < steps:  # fetch the next tiles while the last ones are multiplied
                for r in range(a_loads):
                    a_next[r] = zero
                if a_k < products:
                    offset = plan[uint32(at.HEADER + a_k)]
                    for r in range(a_loads):
                        a_next[r] = weight[uint32(offset + a_row[r])]
                a_k = int32(a_k + depth)
                offsets = uint32(at.HEADER + products + b_k)
                downs = uint32(offsets + products)
                acrosses = uint32(downs + products)
                for r in range(b_loads):
                    for c in range(b_columns):
                        b_next[c, r] = zero
                    if int32(b_k + r * b_lines) < products:
                        offset = plan[uint64(offsets + r * b_lines)]
                        if checked:
                            di = plan[uint64(downs + r * b_lines)]
                            dj = plan[uint64(acrosses + r * b_lines)]
                            for c in range(b_columns):
                                # One comparison for both ends: what is below zero is very large without its sign.
                                h = int64(int32(top[c] + di)) & UNSIGNED
                                w = int64(int32(left[c] + dj)) & UNSIGNED
                                if h < height and w < width:
                                    b_next[c, r] = src[uint32(base[c] + offset)]
                        else:
                            for c in range(b_columns):
                                b_next[c, r] = src[uint32(base[c] + offset)]
                b_k = int32(b_k + depth)
            if step > 0:
                half = int32((step - 1) % 2)
                multiply(total, a, b, a_tile, b_tile, uint32(half * a_size + a_at), uint32(half * b_size + b_at))
            if step < steps:
                half = int32(step % 2)
                a_to = uint32(half * a_size + a_store)
                b_to = uint32(half * b_size + b_store)
                for r in range(a_loads):
                    a_tile[uint64(a_to + r * a_lines)] = a_next[r]
                for r in range(b_loads):
                    for c in range(b_columns):
                        b_tile[uint64(b_to + r * b_lines * b_width + c * b_lanes)] = b_next[c, r]
            cuda.syncthreads()

        plane = int32(plan[at.OUT_H] * plan[at.OUT_W])
        for j in range(mine):
            pixel = uint32(first_pixel + b_at + j // 4 * run_columns + j % 4)
            n = uint32(pixel // area)
            in_area = uint32(pixel - n * area)
            u = uint32(in_area // width_v)
            down = int32(plan[at.START_H] + u * plan[at.EVERY_H])
            right = int32(plan[at.START_W] + (in_area - u * width_v) * plan[at.EVERY_W])
            channel = int32(n * plan[at.OUT_CHANNELS] + group * rows)
            place[j] = channel * plane + down * plan[at.OUT_W] + right if pixel < pixels else -1
        for i in range(mine):
            row = int32(first_row + a_at + i // 4 * run_rows + i % 4)
            if row < rows:
                if plan[at.HAS_BIAS]:
                    a[i] = bias[uint32(group * rows + row)]
                else:
                    a[i] = zero
                for j in range(mine):
                    if place[j] >= 0:
                        out[uint32(place[j] + row * plane)] = total[i, j] + a[i]

    return kernel
