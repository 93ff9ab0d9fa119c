"""What a convolution's output and its input's gradient have in common: each entry gathers a weighted sum.

For one group, with `ch` a channel of the source and `tap` an entry of the kernel,

    out[n, row, u, v] = bias[row] + sum over (ch, tap) of weight[row, ch, tap] * src[n, ch, u*step + di, v*step + dj]

where (di, dj) belongs to the tap, and entries outside the source count as zero. The output gathers from the image
with step = stride. The gradient of the input gathers from the gradient of the output: pixel (h, w) gets, through tap
i, what lies at (h + padding - i*dilation) / stride, if that divides. Pixels of one remainder modulo the stride use
the same taps with the same shifts; so the gradient is one such sum for each of stride x stride remainders ("phases"),
with step 1 and no tap wasted, and no two threads write one entry: no atomics, so the same input gives the same bits.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import cuda

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.cuda.arrays import DeviceArray
    from numpytorch.kernels.interface import Pair, Window

    Tap = tuple[int, int, int]

# Where a kernel finds the numbers of a plan: one array of int32 costs a launch less than twenty arguments do.
ROWS, CHANNELS, PRODUCTS, PIXELS, U, V = range(6)
STEP_H, STEP_W, SRC_H, SRC_W, SRC_CHANNELS = range(6, 11)
OUT_H, OUT_W, OUT_CHANNELS, START_H, START_W, EVERY_H, EVERY_W = range(11, 18)
ROW_STRIDE, GROUP_STRIDE, HAS_BIAS, COLUMN_BIAS = range(18, 22)
HEADER = 24
"""Then four tables of PRODUCTS: offset in weight, offset in src, di, dj."""


@dataclass(frozen=True, slots=True)
class Gather:
    """The sum above, for all groups: shapes, the taps, and how weight is laid out."""

    src: Shape
    """(N, groups*channels, SH, SW)."""
    out: Shape
    """(N, groups*rows, OH, OW)."""
    groups: int
    grid: Pair
    """How many u and v there are."""
    step: Pair
    taps: tuple[Tap, ...]
    """(place in the kernel, di, dj)."""
    row_stride: int
    channel_stride: int
    group_stride: int
    """Strides of weight, in entries; a tap's is 1."""
    start: Pair = (0, 0)
    every: Pair = (1, 1)
    """(u, v) is the pixel start + (u, v) * every of out."""
    has_bias: bool = False

    @property
    def rows(self) -> int:
        return self.out[1] // self.groups

    @property
    def channels(self) -> int:
        return self.src[1] // self.groups

    @property
    def products(self) -> int:
        return self.channels * len(self.taps)

    @property
    def pixels(self) -> int:
        return self.out[0] * self.grid[0] * self.grid[1]

    @property
    def stays_inside(self) -> bool:
        """Whether no tap ever falls outside the source, so that no bound needs a check."""
        (last_u, last_v), (step_h, step_w), (height, width) = self.grid, self.step, self.src[2:]
        return all(
            0 <= di <= height - 1 - (last_u - 1) * step_h and 0 <= dj <= width - 1 - (last_v - 1) * step_w
            for _, di, dj in self.taps
        )

    def numbers(self) -> Array:
        """Return the plan as kernels read it: the header and the four tables."""
        header = np.zeros(HEADER, np.int64)
        header[: COLUMN_BIAS + 1] = (
            *(self.rows, self.channels, self.products, self.pixels, *self.grid),
            *(*self.step, *self.src[2:], self.src[1]),
            *(*self.out[2:], self.out[1], *self.start, *self.every),
            *(self.row_stride, self.group_stride, self.has_bias, 0),
        )
        place, di, dj = np.array(self.taps, np.int64).reshape(-1, 3).T
        ch = np.arange(self.channels)[:, None]
        height, width = self.src[2:]
        tables = (ch * self.channel_stride + place, ch * height * width + di * width + dj, di + 0 * ch, dj + 0 * ch)
        return np.concatenate([header, *map(np.ravel, tables)]).astype(np.int32)


def forward(x_shape: Shape, weight_shape: Shape, window: Window, groups: int, *, has_bias: bool) -> Gather:
    """Return how a convolution's output gathers from its input."""
    n, _, height, width = x_shape
    f, per_group, kh, kw = weight_shape
    grid = window.out_shape(height, width)
    (dh, dw), (ph, pw) = window.dilation, window.padding
    taps = tuple((i * kw + j, i * dh - ph, j * dw - pw) for i in range(kh) for j in range(kw))
    row = per_group * kh * kw
    return Gather(
        *(x_shape, (n, f, *grid), groups, grid, window.stride, taps),
        *(row, kh * kw, f // groups * row),
        has_bias=has_bias,
    )


def grad_input(dy_shape: Shape, weight_shape: Shape, x_shape: Shape, window: Window, groups: int) -> Iterator[Gather]:
    """Yield how the gradient of the input gathers from that of the output: one sum for each phase."""
    f, per_group, kh, kw = weight_shape
    (sh, sw), (dh, dw), (ph, pw) = window.stride, window.dilation, window.padding
    row = kh * kw
    for a in range(min(sh, x_shape[2])):
        for b in range(min(sw, x_shape[3])):
            taps = tuple(
                (i * kw + j, (a + ph - i * dh) // sh, (b + pw - j * dw) // sw)
                for i in range(kh)
                for j in range(kw)
                if (a + ph - i * dh) % sh == 0 and (b + pw - j * dw) % sw == 0
            )
            grid = (-(-(x_shape[2] - a) // sh), -(-(x_shape[3] - b) // sw))
            yield Gather(
                *(dy_shape, x_shape, groups, grid, (1, 1), taps),
                *(row, per_group * row, f // groups * per_group * row),
                start=(a, b),
                every=(sh, sw),
            )


@functools.lru_cache(maxsize=1024)
def on_device(plan: Gather) -> DeviceArray:
    """Return a plan's numbers on the device, copied there once."""
    return cuda.to_device(plan.numbers())
