"""Two arrays that differ, as three heat maps: expected, got, and the difference, with the worst entry marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.publish.pages.environment import number
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.publish.pages.evidence import Mismatch, Value

STEPS = 5
"""Shades on each side of zero."""


@dataclass(frozen=True, slots=True)
class Cell:
    """An entry. shade: a class of the style sheet, n5 ... n1, z, p1 ... p5; x if it is not finite."""

    at: str
    text: str
    shade: str
    worst: bool


@dataclass(frozen=True, slots=True)
class Map:
    """A heat map. scale: what the darkest shade stands for."""

    name: str
    scale: str
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.rows[0])


@dataclass(frozen=True, slots=True)
class Heatmaps:
    """What a mismatch looks like. part: of the array that is shown, as one would index it; "" if it is all."""

    mismatch: Mismatch
    part: str
    maps: tuple[Map, ...]


def heatmaps(mismatch: Mismatch) -> Heatmaps | None:
    """Draw a mismatch; None if its picture is not of one shape."""
    picture = mismatch.picture
    expected, got = (_numbers(rows) for rows in (picture.expected, picture.got))
    sizes = {(len(rows), len(row)) for rows in (expected, got) for row in rows if row}
    if len(sizes) != 1:
        return None
    size = sizes.pop()
    difference = [[g - e for e, g in zip(*rows, strict=True)] for rows in zip(expected, got, strict=True)]
    values = _largest(expected) or _largest(got) or 1.0
    worst = _worst(mismatch, size)
    return Heatmaps(
        mismatch,
        _part(mismatch, size),
        (
            _map(_("Expected"), expected, values, 0.0, mismatch, worst),
            _map(_("Got"), got, values, 0.0, mismatch, worst),
            _map(_("Difference"), difference, _largest(difference) or 1.0, mismatch.tolerance, mismatch, worst),
        ),
    )


def _numbers(rows: Sequence[Sequence[Value]]) -> list[list[float]]:
    return [[float(value) for value in row] for row in rows]


def _largest(rows: Sequence[Sequence[float]]) -> float:
    return max((abs(v) for row in rows for v in row if math.isfinite(v)), default=0.0)


def _worst(mismatch: Mismatch, size: tuple[int, int]) -> tuple[int, int]:
    """Return where in the picture the worst entry is."""
    index = (0, 0, *mismatch.index)
    row, column = (i - o for i, o in zip(index[-2:], mismatch.picture.offset, strict=True))
    return min(max(row, 0), size[0] - 1), min(max(column, 0), size[1] - 1)


def _part(mismatch: Mismatch, size: tuple[int, int]) -> str:
    """Say which part of the array is shown, as one would index it."""
    picture = mismatch.picture
    if len(picture.shape) == 0:
        return ""
    ranges = [f"{o}:{o + n}" for o, n in zip(picture.offset, size, strict=True)][-len(picture.shape) :]
    whole = [f"0:{n}" for n in picture.shape[-2:]]
    if not picture.at and ranges == whole:
        return ""
    return f"[{', '.join([*map(str, picture.at), *ranges])}]"


def _map(
    name: str,
    rows: Sequence[Sequence[float]],
    scale: float,
    nothing: float,
    mismatch: Mismatch,
    worst: tuple[int, int],
) -> Map:
    picture = mismatch.picture
    cells = tuple(
        tuple(
            Cell(
                str(_index(picture.at, picture.offset, len(picture.shape), i, j)),
                number(value),
                _shade(value, scale, nothing),
                (i, j) == worst,
            )
            for j, value in enumerate(row)
        )
        for i, row in enumerate(rows)
    )
    return Map(name, number(scale), cells)


def _index(at: Sequence[int], offset: tuple[int, int], dimensions: int, row: int, column: int) -> list[int]:
    """Return the index in the whole array of an entry of the picture."""
    return [*at, row + offset[0], column + offset[1]][-dimensions:] if dimensions else []


def _shade(value: float, scale: float, nothing: float) -> str:
    """Return the shade of a value. nothing: up to where a value counts as zero."""
    if not math.isfinite(value):
        return "x"
    if abs(value) <= nothing:
        return "z"
    step = min(math.ceil(STEPS * abs(value) / scale - 1e-9), STEPS)
    return "z" if step < 1 else f"{'n' if value < 0 else 'p'}{step}"
