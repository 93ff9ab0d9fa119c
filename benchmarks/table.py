"""Results as tables in Markdown, and the part of README.md that is made of them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import FOLDER, ResultsError, load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.entries import Entry
    from benchmarks.results import Case, Result, Row, Slope

README = Path(__file__).parent / "README.md"
BEGIN = "<!-- made of results/*.json by `python -m benchmarks --tables` -->"
END = "<!-- end -->"
FEW = 3  # sides: more make a table too wide to read


def markdown(result: Result, level: str = "##") -> str:
    """Write a result: its tables, slopes, what is absent, notes, versions."""
    parts = [f"{level} {result.title}", f"`python -m benchmarks {result.entry}`, {result.taken} UTC"]
    parts += _tables(result.cases)
    if result.slopes:
        parts.append(_slopes(result.slopes))
    lines = [f"- {note}" for note in result.notes]
    lines += [f"- Absent: {name}: {why}." for name, why in result.absent.items()]
    if lines:
        parts.append("\n".join(lines))
    parts.append(_footer(result))
    return "\n\n".join(parts) + "\n"


def _tables(cases: list[Case]) -> list[str]:
    """One table a case; cases in a row that have the same few sides share one, a case a line."""
    parts = []
    for names, group in itertools.groupby(cases, key=lambda c: [r.name for r in c.rows]):
        same = list(group)
        parts += [_wide(same)] if len(same) > 2 and len(names) <= FEW else [_long(case) for case in same]
    return parts


def _long(case: Case) -> str:
    heads = ["", f"median, {case.unit}", "10th to 90th percentile", "repeats", f"ratio to {case.base}"]
    rows = [[r.name, figure(r.median), _spread(r), str(r.repeats), _ratio(r)] for r in case.rows]
    return f"**{case.title}**\n\n" + table(heads, rows)


def _wide(cases: list[Case]) -> str:
    first = cases[0]
    shares = any(row.share is not None for case in cases for row in case.rows)
    names = [row.name for row in first.rows]
    heads = [first.unit, *names, *(f"{n} / {first.base}" for n in names if n != first.base)]
    heads += [f"share, {n}" for n in names] if shares else []
    rows = []
    for case in cases:
        cells = [case.title, *(f"{figure(r.median)} ({_spread(r)})" for r in case.rows)]
        cells += [_ratio(r) for r in case.rows if r.name != case.base]
        cells += ["" if r.share is None else f"{r.share:.0%}" for r in case.rows] if shares else []
        rows.append(cells)
    return table(heads, rows)


def _slopes(slopes: list[Slope]) -> str:
    rows = [
        [
            s.axis,
            s.name,
            f"{s.xs[0]:g} to {s.xs[-1]:g}",
            f"{figure(s.medians[0])} to {figure(s.medians[-1])} {s.unit}",
            f"{s.slope:.2f}",
        ]
        for s in slopes
    ]
    return table(["axis", "side", "range", "cost", "slope"], rows)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table in Markdown, numbers to the right."""
    heads = list(heads)
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value: float) -> str:
    """Write a number to three figures, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{float(f'{value:.3g}'):.10g}"


def _spread(row: Row) -> str:
    return "one" if row.repeats == 1 else f"{figure(row.low)} to {figure(row.high)}"


def _ratio(row: Row) -> str:
    if row.ratio is None:
        return ""
    return f"{row.ratio:.2f}" if row.ratio >= 0.095 else f"{row.ratio:.2g}"


def _footer(result: Result) -> str:
    m = result.machine
    where = (
        f"{m.processor}, {m.cores} cores, {m.memory:g} GiB, {m.system}; Python {m.python}, NumPy {m.numpy}, {m.blas}"
    )
    lines = [f"- {name}: {version}" for name, version in result.versions.items()]
    summary = f"{result.threads} thread{'s' * (result.threads > 1)} a side. {where}."
    return "\n".join(
        ["<details><summary>", summary, "</summary>", "", *lines, "", "</details>"] if lines else [summary]
    )


def made_part(entries: Iterable[Entry], folder: Path = FOLDER) -> str:
    """Return what belongs between README.md's marks: every entry with its result, if it has one, and its plot."""
    parts = []
    for entry in entries:
        result = load(entry.name, folder)
        if result is not None:
            parts.append(markdown(result, "###"))
            if (folder / f"{entry.name}.svg").exists():
                parts.append(f"![{result.title}](results/{entry.name}.svg)\n")
        elif entry.needs:
            parts.append(
                f"### {entry.title}\n\n`python -m benchmarks {entry.name}`\n\nNot measured: it needs {entry.needs}.\n"
            )
    return "\n".join(parts)


def write_readme(part: str, path: Path) -> None:
    """Put the part between the marks. Raises ResultsError if README.md has none."""
    before, between, after = marked(path.read_text("utf-8"))
    del between
    path.write_text(f"{before}{BEGIN}\n\n{part}\n{END}{after}", "utf-8")


def marked(text: str) -> tuple[str, str, str]:
    """Split a text at the marks: before, between, after. Raises ResultsError if one is missing."""
    before, begin, rest = text.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not (begin and end):
        raise ResultsError(
            f"README.md: expected the lines {BEGIN} and {END}, found {'one' if begin else 'none'} of them."
        )
    return before, between, after
