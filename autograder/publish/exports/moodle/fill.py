"""Filling in a grading worksheet of Moodle."""

from __future__ import annotations

import html
from types import MappingProxyType
from typing import TYPE_CHECKING

from autograder.publish.exports.cells import points_in, written
from autograder.publish.exports.errors import ExportError, refuse_if
from autograder.publish.exports.filled import Change, Filled
from autograder.publish.exports.moodle.worksheet import Worksheet, identifier, read_worksheet
from autograder.publish.exports.people import find_people
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.gradebook.line import Line
    from autograder.publish.exports.sheet import Cell


def fill_moodle(
    name: str,
    download: bytes,
    lines: Sequence[Line],
    *,
    column: str | None,
    max_score: float,
    may_lower: bool = False,
    feedback: str | None = None,
    links: Mapping[str, str] = MappingProxyType({}),
) -> Filled:
    """Return the worksheet with the grades filled in; every other byte is as it came.

    A student without a score keeps what is there, as does one whose grade cannot be changed. column: the header of the
    grades, where it cannot be told. feedback: the header of a column that gets, where it is empty, the address of the
    student's page, of `links`. Raises ExportError for what is no worksheet, another maximum grade, a score above it,
    one that is lower than what is there, and for a student who is not in it.
    """
    worksheet = read_worksheet(name, download, column)
    header = worksheet.header
    if worksheet.maximum != max_score:
        raise ExportError(
            _(
                "{file}: expected a maximum grade of {expected:g}, as in the gradebook, got {got:g}. "
                "Set the maximum grade of the assignment in Moodle, and download the worksheet again.",
                file=name,
                expected=max_score,
                got=worksheet.maximum,
            )
        )
    if feedback is not None and feedback not in header[worksheet.grade + 2 :]:
        raise ExportError(
            _(
                "{file}: expected a column {column!r} for feedback after the grades, found none. There are: {columns}.",
                file=name,
                column=feedback,
                columns=", ".join(map(repr, header[worksheet.grade + 2 :])),
            )
        )
    found, strangers = find_people(name, lines, worksheet.people())
    cells: dict[Cell, str] = {}
    changes: list[Change] = []
    problems: list[str] = []
    locked: list[str] = []
    comma = any("," in row[worksheet.grade + 1].text for row in worksheet.rows)
    for row in worksheet.rows:
        line = found.get(identifier(row))
        if line is None or line.score is None:
            continue
        if worksheet.locked is not None and identifier(row) in worksheet.locked:
            locked.append(line.student)
            continue
        cell = row[worksheet.grade]
        if points_in(cell.text) != line.score:
            cells[cell] = written(line.score).replace(".", ",") if comma else written(line.score)
        change = _change(name, cell, line.student, line.score, worksheet.maximum, may_lower=may_lower)
        if isinstance(change, str):
            problems.append(change)
        elif change is not None:
            changes.append(change)
        link = html.escape(links.get(line.student, ""))
        if feedback is not None and link and not row[header.index(feedback)].text.strip():
            cells[row[header.index(feedback)]] = f'<a href="{link}">{link}</a>'
    refuse_if(problems)
    notes = _notes(worksheet, locked, strangers)
    return Filled(worksheet.sheet.changed(cells), header[worksheet.grade], tuple(changes), tuple(notes))


def _change(
    name: str, cell: Cell, student: str, after: float, maximum: float, *, may_lower: bool
) -> Change | str | None:
    """Return what becomes of a grade: a change, nothing, or what is wrong with it."""
    before = points_in(cell.text)
    where = {"file": name, "line": cell.line, "student": student, "got": written(after), "before": cell.text}
    if after > maximum:
        return _(
            "{file}: line {line}: expected at most {most:g} points for {student}, got {got}.", most=maximum, **where
        )
    if before is not None and f"{after:.2f}" == f"{before:.2f}":
        return None  # Moodle shows two digits, and keeps more
    if before is not None and after < before and not may_lower:
        return _(
            "{file}: line {line}: {student} has {before}, which {got} would lower. "
            "If that is meant, say --allow-lower.",
            **where,
        )
    return Change(student, before, after)


def _notes(worksheet: Worksheet, locked: Sequence[str], strangers: Sequence[Line]) -> list[str]:
    notes = []
    if locked:
        notes.append(_("Locked in Moodle, left as they are: {students}.", students=", ".join(locked)))
    if worksheet.locked is None:
        notes.append(
            _("Whether a grade can be changed is not known in this language: Moodle leaves out those that cannot.")
        )
    if strangers:
        notes.append(
            _("Not in the class, left out: {students}.", students=", ".join(line.student for line in strangers))
        )
    return notes
