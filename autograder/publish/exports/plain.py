"""The gradebook as CSV, for a spreadsheet, and as JSON, for a program."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from autograder.gradebook.line import Lines
from autograder.handins import Id
from autograder.publish.exports.cells import guarded, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograder.gradebook.line import Line

_FIRST = ("student", "name", *Id, "state", "score", "max_score", "checks_score", "penalty", "days_late", "attempt")


def lines_csv(lines: Sequence[Line]) -> bytes:
    """Return a table of a line a student, with a column for each check and each written part.

    UTF-8 with the mark that Excel wants; points with a decimal point, and nothing where there are none. Text that a
    spreadsheet would compute has an apostrophe before it.
    """
    checks = _names((c.id for c in line.checks) for line in lines)
    parts = _names(line.written for line in lines)
    stream = io.StringIO(newline="")
    table = csv.writer(stream)
    table.writerow([*_FIRST, *checks, *(f"written: {part}" for part in parts)])
    for line in lines:
        scores = {c.id: c.score for c in line.checks}
        table.writerow(
            [
                guarded(line.student),
                guarded(line.name),
                *(guarded(line.ids.get(kind, "")) for kind in Id),
                line.state.value,
                written(line.score),
                written(line.max_score),
                written(line.checks_score),
                written(line.penalty),
                line.days_late,
                "" if line.attempt is None else line.attempt,
                *(written(scores.get(check)) for check in checks),
                *(written(line.written.get(part)) for part in parts),
            ]
        )
    return stream.getvalue().encode("utf-8-sig")


def lines_json(assignment: str, lines: Sequence[Line]) -> bytes:
    """Return the gradebook as JSON; docs/schema/gradebook.json says what is where."""
    return Lines(assignment=assignment, lines=tuple(lines)).to_json()


def _names(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in lists for name in names))
