"""What both GEMM kernels do with two tiles in shared memory: multiply them into a thread's registers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from numba import cuda
from numpy import uint64

from numpytorch.kernels.cuda.arrays import SIMULATED
from numpytorch.kernels.cuda.tiles import LARGE, Tile

if TYPE_CHECKING:
    from numpytorch._types import Array

ALIGNMENT = None if SIMULATED else 16
"""Of shared arrays, in bytes: with it the compiler reads four floats at once. The simulator knows none."""

PADDING = 4
"""Entries added to each line of a shared tile, so that no two of a warp's stores meet in one bank."""

UNSIGNED = 0xFFFFFFFF
"""`& UNSIGNED` reads the 32 bits of a number without its sign."""


def compiled(source: Any, tile: Tile) -> Any:
    """Compile a GEMM kernel so that a multiprocessor's 65536 registers hold two blocks of its largest tile."""
    limits = {} if SIMULATED or tile.threads < LARGE.threads else {"max_registers": 128}
    return cuda.jit(**limits)(source)


@functools.cache
def accumulate(tile: Tile) -> Any:
    """Return the device function that adds a_tile^T @ b_tile, over the depth of a step, to a thread's totals.

    Shared arrays are flat: a_tile (depth, rows + PADDING) and b_tile (depth, columns + PADDING) begin at a_from and
    b_from, which point to the thread's first row and column. Its rows are runs of four, far apart, its columns too: a
    run is read as one vector, and a warp's runs are neighbours, so that no two of its threads meet in a bank.
    Per product of a step: 4 * 2*mine bytes of shared memory for 2 * mine^2 operations, mine/4 flop/byte: 2 for 8x8.
    """
    return _in_line(tile, tile.depth)


def _in_line(tile: Tile, depth: int) -> Any:
    """Return the function for so many lines of the tiles, with no loop: the compiler unrolls none that is so long."""
    a_jump, b_jump = depth // 2 * (tile.rows + PADDING), depth // 2 * (tile.columns + PADDING)
    if depth == 1:
        return _one_line(tile)
    half = _in_line(tile, depth // 2)

    def lines(total: Array, a: Array, b: Array, a_tile: Array, b_tile: Array, a_from: Any, b_from: Any) -> None:
        half(total, a, b, a_tile, b_tile, a_from, b_from)
        half(total, a, b, a_tile, b_tile, a_from + a_jump, b_from + b_jump)

    return cuda.jit(lines, device=True)


def _one_line(tile: Tile) -> Any:
    mine, runs = tile.mine, tile.mine // 4
    run_rows, run_columns = tile.rows // runs, tile.columns // runs

    def line(total: Array, a: Array, b: Array, a_tile: Array, b_tile: Array, a_from: Any, b_from: Any) -> None:
        for run in range(runs):
            for i in range(4):
                a[run * 4 + i] = a_tile[uint64(a_from + run * run_rows + i)]
                b[run * 4 + i] = b_tile[uint64(b_from + run * run_columns + i)]
        for i in range(mine):
            for j in range(mine):
                total[i, j] += a[i] * b[j]

    return cuda.jit(line, device=True)
