"""How cost grows along one axis, the others as in the model answers; the slope of its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.entries import OTHERS, PYTORCH, Entry, ours, result
from benchmarks.results import Case, Slope
from benchmarks.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.results import Result

RNN: dict[str, Any] = {"n": 64, "steps": 28, "inputs": 28, "hidden": 128}
AXES: list[tuple[str, str, str, dict[str, Any], tuple[int, ...]]] = [
    ("batch", "cnn_step", "n", {}, (8, 16, 32, 64, 128, 256)),
    ("channels", "cnn_step", "channels", {"n": 32}, (8, 16, 32, 64)),
    ("image size", "cnn_step", "size", {"n": 32}, (14, 20, 28, 40, 56)),
    ("sequence length", "rnn_step", "steps", RNN, (7, 14, 28, 56, 112)),
]


def growth(entry: Entry) -> Result:
    """Training steps, larger and larger."""
    cases: list[Case] = []
    slopes: list[Slope] = []
    with Turns([ours("numba"), ours("numpy"), OTHERS[0]]) as turns:
        for axis, function, argument, others, xs in AXES:
            along = [
                turns.case(f"{axis} {x}", function, {**others, argument: x}, base=PYTORCH, turns=5, seconds=1.0)
                for x in xs
            ]
            cases += along
            slopes += slopes_of(axis, xs, along)
        notes = [
            "Cost ~ x^slope, fitted over the whole range. The linear layer's input grows with channels and image size."
        ]
        return result(entry, cases, turns, slopes=slopes, notes=notes)


def slopes_of(axis: str, xs: Sequence[float], along: Sequence[Case]) -> list[Slope]:
    """Fit log(median) = slope * log(x) + constant for each side that has every case."""
    slopes = []
    for name in [row.name for row in along[0].rows]:
        rows = [case.row(name) for case in along]
        medians = [row.median for row in rows if row is not None]
        if len(medians) == len(xs):
            slope = float(np.polyfit(np.log(xs), np.log(medians), 1)[0])
            slopes.append(
                Slope(axis=axis, name=name, xs=[float(x) for x in xs], medians=medians, unit=along[0].unit, slope=slope)
            )
    return slopes
