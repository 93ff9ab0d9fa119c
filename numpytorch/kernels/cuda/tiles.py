"""How much one block of threads computes, and which path a shape takes: the constants, and why they are so.

**Implicit GEMM or direct.** The GEMM path (gemm.py) shares what it loads among 8x8 results a thread, and its cost is
that of full tiles: with few rows (output channels of a group) or a short sum (input channels times taps) most of a
tile would be padding. The direct path (direct.py) gives each thread one pixel and a few rows; it reads the image
through the L1 cache, taps times, and its cost is in proportion to what is asked for. So: direct up to `DIRECT_ROWS`
rows or a sum of up to `DIRECT_SUM` products, and up to `DIRECT_TAPS` taps, whose offsets each thread keeps in
registers; else GEMM.

**Tiles.** A step of depth 8 takes 512 fused multiply-adds a thread, 32 vector loads from shared memory, and (rows +
columns) * 8 / threads loads from the image and the weights: 8 for 128x128, 12 for 64x128, 16 for 64x64, 20 for
32x128. Larger tiles therefore spend more of their issue slots on arithmetic, and smaller ones give more blocks, which
a GPU with 132 multiprocessors needs. float64 takes 4x4 results a thread, since a double takes two registers.

The simulator runs each thread as a thread of Python: its tiles are tiny, and the code is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numpytorch.kernels.cuda.arrays import SIMULATED

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


@dataclass(frozen=True, slots=True)
class Tile:
    """A block computes rows x columns results in steps of `depth` products, `mine` x `mine` results a thread.

    mine is a multiple of 4; rows and columns are multiples of mine; the threads are a multiple of depth, and a divisor
    or a multiple of columns.
    """

    rows: int
    columns: int
    depth: int = 8
    mine: int = 8

    @property
    def threads(self) -> int:
        return self.rows * self.columns // self.mine**2

    @property
    def enough_blocks(self) -> int:
        """How many blocks keep a large GPU busy: what 65536 registers hold at 128 a thread, at most four, each."""
        return MULTIPROCESSORS * max(1, min(4, 512 // self.threads))


LARGE, WIDE, SQUARE, FLAT = Tile(128, 128), Tile(64, 128), Tile(64, 64), Tile(32, 128)
DOUBLE = Tile(64, 64, mine=4)
SMALL_FLAT, SMALL_TALL = Tile(4, 16, depth=4, mine=4), Tile(16, 8, depth=4, mine=4)
"""For the simulator: four and eight threads."""

MULTIPROCESSORS = 132
"""Of a large GPU. Work is cut for it on all devices, so that the order of a sum, and with it the last bit of a result,
does not depend on the device."""

DIRECT_ROWS, DIRECT_SUM, DIRECT_TAPS = (2, 4, 12) if SIMULATED else (8, 32, 32)
THREADS = 8 if SIMULATED else 128
"""Threads of a block in every kernel that is not a GEMM."""

DIRECT_CHANNELS, MOST_FILTERS = (1, 2) if SIMULATED else (4, 4)
"""Of the gradient of weight: channels or rows of a group up to which it is direct, and rows a thread sums."""

LANES = 4 if SIMULATED else 8
"""Threads that share one column where partial sums are added."""

SEQUENCES, MANY = (2, 1) if SIMULATED else (4, MULTIPROCESSORS)
"""Sequences that a block takes through time at most, and blocks from which on it does."""


def sequences_of_a_block(n: int) -> int:
    """Return how many of n sequences a block takes: several, which share the weights, if that makes enough blocks."""
    return SEQUENCES if n >= SEQUENCES * MANY else 1


def takes_direct_path(rows: int, products: int, taps: int) -> bool:
    """Return whether the direct path computes results of so many rows, each the sum of so many products."""
    return taps <= DIRECT_TAPS and (rows <= DIRECT_ROWS or products <= DIRECT_SUM)


def tile_for(rows: int, columns: int, groups: int, dtype: DTypeLike) -> Tile:
    """Return the largest tile that is not half empty and leaves enough blocks."""
    if SIMULATED:
        return SMALL_FLAT if rows <= SMALL_FLAT.rows else SMALL_TALL
    if np.dtype(dtype) == np.float64:
        return DOUBLE
    if rows <= FLAT.rows:
        return FLAT
    for tile in (LARGE, WIDE):
        blocks = ceil_div(rows, tile.rows) * ceil_div(columns, tile.columns) * groups
        if rows > tile.rows // 2 and blocks >= tile.enough_blocks:
            return tile
    return SQUARE


def ceil_div(a: int, b: int) -> int:
    """Return a / b, rounded up."""
    return -(-a // b)


def weight_takes_direct_path(rows: int, channels: int, taps: int) -> bool:
    """Return whether the direct path computes the gradient of a group's weight (rows, channels, taps).

    It reads dy once for each channel, and x once for each few rows: cheap when one of these is few.
    """
    return taps <= DIRECT_TAPS and min(rows, channels) <= DIRECT_CHANNELS


def few_filters(rows: int) -> int:
    """Return how many rows of weight's gradient one thread of the direct path sums: four, or one of very few."""
    return MOST_FILTERS if rows >= MOST_FILTERS else 1


def weight_tile(rows: int, products: int, dtype: DTypeLike) -> Tile:
    """Return the tile for the gradient of a group's weight (rows, products): slices give enough blocks to any."""
    if SIMULATED:
        return SMALL_FLAT if rows <= SMALL_FLAT.rows else SMALL_TALL
    if np.dtype(dtype) == np.float64:
        return DOUBLE
    if rows <= FLAT.rows:
        return FLAT
    return LARGE if rows > SQUARE.rows and products > SQUARE.columns else SQUARE
