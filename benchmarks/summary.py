"""The lines of the results that the project's README.md shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.entries.memory import KEPT
from benchmarks.machine import ROOT
from benchmarks.results import FOLDER, load
from benchmarks.table import figure, table

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
LINES = [  # entry, the case in it, our side, theirs if it is not the base of the case, what the line is called
    ("cnn", 0, "numpytorch, numba", "", "CNN training step, N = 32, Numba"),
    ("cnn", 0, "numpytorch, numpy", "", "the same, NumPy alone"),
    ("cnn256", 0, "numpytorch, numba", "", "CNN training step, N = 256, Numba"),
    ("rnn", 0, "numpytorch, numba", "", "RNN training step, Numba"),
    ("rnn", 0, "numpytorch, numpy", "", "the same, NumPy alone"),
    ("chain", 0, "numpytorch", "", "a small operation, forward and backward"),
    ("memory", 0, "numpytorch, numba", "", "memory of the CNN step, N = 32, both at their peak"),
    ("memory", 0, "numpytorch, numba", KEPT, "the same; PyTorch: saved for backward, and parameters' gradients"),
    ("gradcheck", 0, "autograder", "", "judging a layer's gradients; PyTorch: gradcheck"),
]


def summary_part(folder: Path = FOLDER) -> str:
    """Return what belongs between README.md's marks: ours, PyTorch's and the ratio, for the entries with a result."""
    rows = []
    processor = ""
    for entry, place, side, other, name in LINES:
        result = load(entry, folder)
        if result is None:
            continue
        case = result.cases[place]
        ours, theirs = case.row(side), case.row(other or case.base)
        if ours is not None and theirs is not None:
            unit = case.unit.removesuffix("/op")
            cells = [
                f"{figure(ours.median)} {unit}",
                f"{figure(theirs.median)} {unit}",
                f"{ours.median / theirs.median:.2f}",
            ]
            rows.append([name, *cells])
            processor = f"{result.machine.processor}, {result.machine.cores} cores"
    if not rows:
        return "Nothing has been measured.\n"
    return table(["", "ours", "PyTorch", "ratio"], rows) + f"\n\nMedians on {processor}.\n"
