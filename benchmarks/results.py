"""Results: what an entry measured, where and with what, as records that are kept as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from benchmarks.machine import Machine

FOLDER = Path(__file__).parent / "results"


class ResultsError(ValueError):
    """A file of the results is not as this program leaves it."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One side's figures, in the unit of their case: median, 10th to 90th percentile, over so many repeats.

    ratio: of its median to that of the case's base; None where the base is absent.
    share: of a rate that the notes name, such as the machine's sgemm; None where that says nothing.
    """

    name: str
    median: float
    low: float
    high: float
    repeats: int
    ratio: float | None = None
    share: float | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on several sides. base: the side that ratios are to."""

    title: str
    unit: str
    base: str
    rows: Annotated[list[Row], msgspec.Meta(min_length=1)]

    def row(self, name: str) -> Row | None:
        """Return a side's row, or None if it is absent."""
        return next((row for row in self.rows if row.name == name), None)


class Slope(msgspec.Struct, frozen=True, kw_only=True):
    """How a cost grows along an axis: cost ~ x^slope, fitted to the medians by least squares of logarithms."""

    axis: str
    name: str
    xs: list[float]
    medians: list[float]
    unit: str
    slope: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One entry's run. taken: when, UTC. threads: of each side. versions: of each side, and its pools of threads.

    absent: the libraries that were not there, or cannot take part, and why. notes: what a reader must know.
    """

    schema: Literal["numpytorch/benchmark/1"] = "numpytorch/benchmark/1"
    entry: str
    title: str
    taken: str
    threads: int
    machine: Machine
    versions: dict[str, str]
    cases: Annotated[list[Case], msgspec.Meta(min_length=1)]
    slopes: list[Slope] = []
    absent: dict[str, str] = {}
    notes: list[str] = []


def save(result: Result, folder: Path = FOLDER) -> Path:
    """Write a result as JSON, ENTRY.json; return the path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{result.entry}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(_rounded(result)), indent=1) + b"\n")
    return path


def load(entry: str, folder: Path = FOLDER) -> Result | None:
    """Read an entry's last result; None if it has none. Raises ResultsError if the file does not hold one."""
    path = folder / f"{entry}.json"
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except msgspec.DecodeError as error:
        raise ResultsError(
            f"{path}: expected what `python -m benchmarks {entry}` keeps, got another text: {error}. "
            "Measure again, or take the file back from git."
        ) from None


def _rounded(result: Result) -> object:
    """Return it as plain values, with numbers to five figures: the rest is noise."""
    return _round(msgspec.to_builtins(result))


def _round(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _round(v) for key, v in value.items()}
    return [_round(v) for v in value] if isinstance(value, list) else value
