"""What memory alone bounds, on all threads: laying images out with channels last, and sums over images and places.

NumPy does both on one thread, and the first with a step from entry to entry: half as fast on two processors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import prange

from numpytorch.kernels.numba_backend.compiler import on_all_threads

if TYPE_CHECKING:
    from numpytorch._types import Array


@on_all_threads
def lay_channels_last(planes: Array, places: Array) -> None:
    """Write (N, C, H*W) to `places`, (N, H*W, C)."""
    for n in prange(planes.shape[0]):
        image, laid = planes[n], places[n]
        for p in range(laid.shape[0]):
            for c in range(laid.shape[1]):
                laid[p, c] = image[c, p]


@on_all_threads
def sum_planes(planes: Array, sums: Array) -> None:
    """Write the sums of (N, F, P) over images and places to `sums`, (F,)."""
    for f in prange(planes.shape[1]):
        total = sums.dtype.type(0)
        for n in range(planes.shape[0]):
            plane = planes[n, f]
            in_plane = sums.dtype.type(0)
            for p in range(plane.shape[0]):
                in_plane += plane[p]
            total += in_plane
        sums[f] = total


@on_all_threads
def sum_rows(rows: Array, sums: Array) -> None:
    """Add what each part of the rows (P, F) sums up to, to sums[part], (F,)."""
    parts = sums.shape[0]
    for part in prange(parts):
        total = sums[part]
        for r in range(len(rows) * part // parts, len(rows) * (part + 1) // parts):
            row = rows[r]
            for f in range(total.shape[0]):
                total[f] += row[f]
