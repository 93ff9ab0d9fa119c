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
from numpy import int32, uint32, uint64

from numpytorch.kernels.cuda import gather as at
from numpytorch.kernels.cuda.arrays import SIMULATED, launch, number
from numpytorch.kernels.cuda.tiles import Tile, ceil_div, tile_for

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.arrays import DeviceArray

ALIGNMENT = None if SIMULATED else 16
"""Of shared arrays, in bytes: with it the compiler reads four floats at once. The simulator knows none."""


def gemm(plan: at.Gather, out: DeviceArray, src: DeviceArray, weight: DeviceArray, bias: DeviceArray) -> None:
    """Compute the gather of `plan`, arrays flat; bias is any array where the plan has none."""
    tile = tile_for(plan.rows, plan.pixels, plan.groups, out.dtype)
    kernel = gemm_kernel(tile, out.dtype, checked=not plan.stays_inside)
    grid = (ceil_div(plan.pixels, tile.columns), ceil_div(plan.rows, tile.rows), plan.groups)
    launch(kernel, grid, tile.threads, out, src, weight, bias, at.on_device(plan))


@functools.cache
def gemm_kernel(tile: Tile, dtype: DTypeLike, *, checked: bool) -> Any:
    """Return the kernel for a tile; `checked` if taps can fall outside the source."""
    return cuda.jit(gemm_source(tile, dtype, checked=checked))


def gemm_source(tile: Tile, dtype: DTypeLike, *, checked: bool) -> Any:
    """Return the kernel as a function of Python."""
    # Numba compiles names of this scope as constants.
    threads, depth, mine = tile.threads, tile.depth, tile.mine
    tile_rows, tile_columns = tile.rows, tile.columns
    across = tile.columns // mine  # threads side by side
    quads = mine // 4  # a thread's rows are `quads` runs of four, its columns too: runs are read as one vector
    run_rows, run_columns = tile.rows // quads, tile.columns // quads
    a_lines = threads // depth  # rows of weight read at once, `depth` products of each
    a_loads = tile.rows * depth // threads
    b_lanes = min(threads, tile.columns)  # columns read at once
    b_columns = tile.columns // b_lanes
    b_lines = threads // b_lanes
    b_loads = depth // b_lines
    a_width, b_width = tile.rows + 4, tile.columns + 4  # four more: no two of a warp's stores meet in one bank
    a_size, b_size = depth * a_width, depth * b_width
    a_halves, b_halves = 2 * a_size, 2 * b_size  # one is filled while the other is read
    zero = number(0, dtype)

    def kernel(out: Array, src: Array, weight: Array, bias: Array, plan: Array) -> None:
        a_tile = cuda.shared.array(a_halves, dtype, ALIGNMENT)
        b_tile = cuda.shared.array(b_halves, dtype, ALIGNMENT)
        total = cuda.local.array((mine, mine), dtype)
        a = cuda.local.array(mine, dtype)
        b = cuda.local.array(mine, dtype)
        a_next = cuda.local.array(a_loads, dtype)
        b_next = cuda.local.array((b_columns, b_loads), dtype)
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
        height = plan[at.SRC_H]
        width = plan[at.SRC_W]

        # This thread's part of the tile of weight: one product of a step, in a_loads rows.
        a_k = uint32(t % depth)
        a_line = uint32(t // depth)
        first_row = int32(cuda.blockIdx.y * tile_rows)
        a_base = int32(group * plan[at.GROUP_STRIDE] + (first_row + a_line) * plan[at.ROW_STRIDE])
        a_jump = int32(a_lines * plan[at.ROW_STRIDE])

        # And of the tile of columns: b_columns pixels, in b_loads products of a step.
        b_column = uint32(t % b_lanes)
        b_line = uint32(t // b_lanes)
        for c in range(b_columns):
            pixel = uint32(cuda.blockIdx.x * tile_columns + c * b_lanes + b_column)
            if pixel >= pixels:
                pixel = uint32(0)  # computed, and not stored
            n = uint32(pixel // area)
            pixel = uint32(pixel - n * area)
            u = uint32(pixel // width_v)
            top[c] = u * plan[at.STEP_H]
            left[c] = (pixel - u * width_v) * plan[at.STEP_W]
            channel = int32(n * plan[at.SRC_CHANNELS] + group * plan[at.CHANNELS])
            base[c] = (channel * height + top[c]) * width + left[c]

        # Its results lie in rows a_at + 0..3, and as many runs on; in columns b_at + 0..3, and so on.
        a_at = uint32(t // across * 4)
        b_at = uint32(t % across * 4)
        for i in range(mine):
            for j in range(mine):
                total[i, j] = zero

        steps = (products + depth - 1) // depth
        for step in range(steps + 1):
            if step < steps:  # fetch the next tiles while the last ones are multiplied
                k = int32(step * depth + a_k)
                inside = k < products
                offset = int32(a_base + plan[uint32(at.HEADER + k)]) if inside else int32(0)
                for r in range(a_loads):
                    a_next[r] = zero
                    if inside and int32(first_row + a_line + r * a_lines) < rows:
                        a_next[r] = weight[uint32(offset + r * a_jump)]
                for r in range(b_loads):
                    k = int32(step * depth + b_line + r * b_lines)
                    for c in range(b_columns):
                        b_next[c, r] = zero
                    if k < products:
                        offset = plan[uint32(at.HEADER + products + k)]
                        if checked:
                            di = plan[uint32(at.HEADER + 2 * products + k)]
                            dj = plan[uint32(at.HEADER + 3 * products + k)]
                            for c in range(b_columns):
                                h = int32(top[c] + di)
                                w = int32(left[c] + dj)
                                if h >= 0 and h < height and w >= 0 and w < width:
                                    b_next[c, r] = src[uint32(base[c] + offset)]
                        else:
                            for c in range(b_columns):
                                b_next[c, r] = src[uint32(base[c] + offset)]
            if step > 0:
                a_half = uint32((step - 1) % 2 * a_size + a_at)
                b_half = uint32((step - 1) % 2 * b_size + b_at)
                for d in range(depth):
                    for q in range(quads):
                        for i in range(4):
                            a[q * 4 + i] = a_tile[uint64(a_half + d * a_width + q * run_rows + i)]
                            b[q * 4 + i] = b_tile[uint64(b_half + d * b_width + q * run_columns + i)]
                    for i in range(mine):
                        for j in range(mine):
                            total[i, j] += a[i] * b[j]
            if step < steps:
                a_half = uint32(step % 2 * a_size + a_k * a_width + a_line)
                b_half = uint32(step % 2 * b_size + b_line * b_width + b_column)
                for r in range(a_loads):
                    a_tile[uint64(a_half + r * a_lines)] = a_next[r]
                for r in range(b_loads):
                    for c in range(b_columns):
                        b_tile[uint64(b_half + r * b_lines * b_width + c * b_lanes)] = b_next[c, r]
            cuda.syncthreads()

        plane = int32(plan[at.OUT_H] * plan[at.OUT_W])
        for j in range(mine):
            pixel = uint32(cuda.blockIdx.x * tile_columns + b_at + j // 4 * run_columns + j % 4)
            n = uint32(pixel // area)
            in_area = uint32(pixel - n * area)
            u = uint32(in_area // width_v)
            h = int32(plan[at.START_H] + u * plan[at.EVERY_H])
            w = int32(plan[at.START_W] + (in_area - u * width_v) * plan[at.EVERY_W])
            channel = int32(n * plan[at.OUT_CHANNELS] + group * rows)
            place[j] = channel * plane + h * plan[at.OUT_W] + w if pixel < pixels else -1
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
