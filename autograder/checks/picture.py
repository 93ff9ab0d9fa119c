"""Pictures: the part of an array that a report can show, as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograder.sandbox import Array

_SIDE = 16
_FILTERS = 32
_LONG = 64


def around(index: tuple[int, ...], expected: Array, got: Array) -> dict[str, Any]:
    """Return a picture of two arrays of one shape round an entry: a plane of their last two axes, or a part of it.

    shape: of the arrays. at: the index of the plane. offset: the row and the column that the part begins with.
    expected, got: at most 16 x 16 numbers, row by row.
    """
    shape = (1,) * (2 - expected.ndim) + expected.shape
    at = ((0,) * (2 - expected.ndim) + index)[:-2]
    centre = ((0,) * (2 - expected.ndim) + index)[-2:]
    offset = [max(0, min(i - _SIDE // 2, size - _SIDE)) for i, size in zip(centre, shape[-2:], strict=True)]
    part = tuple(slice(start, start + _SIDE) for start in offset)
    return {
        "shape": list(expected.shape),
        "at": list(at),
        "offset": offset,
        "expected": numbers(expected.reshape(shape)[at][part]),
        "got": numbers(got.reshape(shape)[at][part]),
    }


def filters(weight: Array) -> list[Any]:
    """Return the planes of a weight that show what it looks for, row by row.

    weight: (F, C, K, K), of which each of the first 32 filters gives its part for the first channel; or (D, H), which
    is one plane of at most 32 x 64.
    """
    if weight.ndim == 2:
        return [numbers(weight[:_FILTERS, :_LONG])]
    return [numbers(plane) for plane in weight[:_FILTERS, 0, :_SIDE, :_SIDE]]


def numbers(plane: Array) -> list[Any]:
    """Return an array as nested lists, to four significant digits; what is not finite as text."""
    return [numbers(row) if row.ndim else _number(float(row)) for row in plane]


def _number(value: float) -> float | str:
    return float(f"{value:.4g}") if np.isfinite(value) else str(value)
