"""Comparing arrays on the trusted side, and saying where they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks.picture import around
from autograder.words import _

if TYPE_CHECKING:
    from autograder.sandbox import Array

TOLERANCE = 5e-6
FLOAT32_TOLERANCE = 1e-4
"""How far an entry may be off, relative to the largest expected one: room for a step in float32, or for all steps."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two arrays of one shape that differ, and the entry where they differ most.

    tolerance: how far an entry may be off. wrong: how many of them are farther. arrays: what is expected, and got.
    """

    index: tuple[int, ...]
    tolerance: float
    wrong: int
    arrays: tuple[Array, Array] = field(repr=False, compare=False)

    @property
    def expected(self) -> float:
        """What the worst entry should be."""
        return float(self.arrays[0][self.index])

    @property
    def got(self) -> float:
        """What it is."""
        return float(self.arrays[1][self.index])

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.arrays[0].size

    def told(self) -> str:
        """Return it in words, in the language of the run."""
        return _(
            "{wrong} of {size} entries are wrong. The worst, {at}: expected {expected!r}, got {got!r} (tolerance "
            "{tolerance:.2g})",
            wrong=self.wrong,
            size=self.size,
            at=_("at {index}", index=list(self.index)) if self.index else _("its only entry"),
            expected=self.expected,
            got=self.got,
            tolerance=self.tolerance,
        )

    def evidence(self) -> dict[str, Any]:
        """Return the numbers as JSON values, with a picture of the arrays; what is not finite as text."""
        return {
            "index": list(self.index),
            "expected": json_number(self.expected),
            "got": json_number(self.got),
            "tolerance": self.tolerance,
            "wrong_entries": self.wrong,
            "entries": self.size,
            "picture": around(self.index, *self.arrays),
        }


def first_mismatch(got: Array, expected: Array, rounded: bool = False) -> Mismatch | None:
    """Compare two arrays of the same shape; return where they differ most, or None if they agree.

    rounded: whether `got` was computed in float32, which then gets the tolerance of float32.
    An entry that is not finite is wrong.
    """
    scale = float(np.abs(expected).max(initial=0)) or 1.0
    tolerance = scale * (FLOAT32_TOLERANCE if rounded or got.dtype == np.float32 else TOLERANCE)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got.astype(np.float64) - expected)
    error = np.where(np.isfinite(error), error, np.inf)
    wrong = error > tolerance
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    return Mismatch(index, tolerance, int(wrong.sum()), (expected, got))


def json_number(value: float) -> float | str:
    """Return a number that JSON can hold: NaN and infinity as text."""
    return value if np.isfinite(value) else str(value)
