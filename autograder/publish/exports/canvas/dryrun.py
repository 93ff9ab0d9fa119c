"""What an upload would do to a gradebook of Canvas: each change by name, or, if it would spoil anything, a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.publish.exports.canvas.download import EXCUSED, GUARDED, NOT_ASSIGNED, Download, read_gradebook
from autograder.publish.exports.cells import guarded, is_formula, mangled, points_in
from autograder.publish.exports.errors import ExportError, refuse_if
from autograder.publish.exports.filled import Change
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograder.publish.exports.sheet import Cell


def dry_run(
    download: Download, upload: bytes, *, name: str, max_score: float | None = None, may_lower: bool = False
) -> list[Change]:
    """List what uploading a file would change in the gradebook that was downloaded, in the order of its lines.

    name: of the upload, for messages. max_score: what Points Possible must be, if it is known. may_lower: whether a
    score that is there may become a lower one. Raises ExportError with everything that would spoil the gradebook.
    """
    told = read_gradebook(name, upload)
    _same_form(download, told)
    problems = [*_columns(download, told), *_formulas(told)]
    refuse_if(problems)
    there = {row[download.identifier].text: row for row in download.students}
    changes: list[Change] = []
    for i in range(told.who, len(told.header)):
        at = download.header.index(told.header[i])
        problems += _points_possible(download, at, told, i, max_score)
        most = points_in(download.possible[at].text) or 0.0
        for row in told.students:
            before = there.get(row[told.identifier].text)
            if before is None:
                problems.append(_unknown(told, row))
                continue
            problems += _other_person(download, told, row, before)
            found = _score(told, row[i], before[at], before[0].text, most, may_lower=may_lower)
            if isinstance(found, str):
                problems.append(found)
            elif found is not None:
                changes.append(found)
    refuse_if(problems)
    return changes


def _same_form(download: Download, told: Download) -> None:
    if told.header[: told.who] != download.header[: download.who]:
        raise ExportError(
            _(
                "{file}: expected the columns {expected} first, as in {download}, got {got}.",
                file=told.sheet.name,
                expected=", ".join(download.header[: download.who]),
                download=download.sheet.name,
                got=", ".join(told.header[: told.who]),
            )
        )
    if told.sheet.delimiter != download.sheet.delimiter:
        raise ExportError(
            _(
                "{file}: expected {expected!r} between cells, as in {download}, got {got!r}.",
                file=told.sheet.name,
                expected=download.sheet.delimiter,
                download=download.sheet.name,
                got=told.sheet.delimiter,
            )
        )


def _columns(download: Download, told: Download) -> Iterator[str]:
    """Say which columns Canvas would make a new assignment of, cannot tell apart, or will not write to."""
    ours = told.header[told.who :]
    for column in dict.fromkeys(ours):
        where = {"file": told.sheet.name, "column": column}
        if ours.count(column) > 1:
            yield _(
                "{file}: expected the column {column!r} once, got it {count} times.", count=ours.count(column), **where
            )
        elif column not in download.header:
            yield _(
                "{file}: expected a column that {download} has, got {column!r}: Canvas would make a new assignment of "
                "it.",
                download=download.sheet.name,
                **where,
            )
        elif download.header.index(column) not in download.assignments:
            yield _("{file}: the column {column!r} is read only in Canvas. Leave it out.", **where)


def _formulas(told: Download) -> Iterator[str]:
    for row in (told.sheet.rows[0], told.possible, *told.students):
        for cell in row:
            harmless = GUARDED.fullmatch(cell.text) or _negative(cell.text) or cell.text == "-"
            if is_formula(cell.text) and not harmless:
                yield _(
                    "{file}: line {line}: expected text or a number, got {got!r}, which a spreadsheet would compute.",
                    file=told.sheet.name,
                    line=cell.line,
                    got=cell.text[:40],
                )


def _points_possible(download: Download, at: int, told: Download, i: int, max_score: float | None) -> Iterator[str]:
    there, ours = points_in(download.possible[at].text), points_in(told.possible[i].text)
    if ours != there:
        yield _(
            "{file}: expected Points Possible to stay {expected:g}, got {got!r}: Canvas would change the assignment.",
            file=told.sheet.name,
            expected=there,
            got=told.possible[i].text,
        )
    if max_score is not None and there != max_score:
        yield _(
            "{file}: expected {expected:g} points possible in {column!r}, as in the gradebook, got {got:g}. "
            "Set the points of the assignment in Canvas, and export again.",
            file=download.sheet.name,
            expected=max_score,
            column=download.header[at],
            got=there,
        )


def _unknown(told: Download, row: Sequence[Cell]) -> str:
    return _(
        "{file}: line {line}: expected a student of the gradebook, got ID {id} ({name}): Canvas would go by the name, "
        "or make a new student.",
        file=told.sheet.name,
        line=row[0].line,
        id=row[told.identifier].text,
        name=row[0].text,
    )


def _other_person(download: Download, told: Download, row: Sequence[Cell], before: Sequence[Cell]) -> Iterator[str]:
    """Say where a line is one student's by the ID, and another's, or nobody's, by what else it says."""
    for column, ours, theirs in zip(told.header[: told.who], row, before, strict=False):
        where = {"file": told.sheet.name, "line": ours.line, "column": column, "got": ours.text}
        if ours.text in (theirs.text, guarded(theirs.text)):
            continue
        if mangled(ours.text, theirs.text):
            yield _(
                "{file}: line {line}: expected {column} {expected!r}, got {got!r}: a spreadsheet has changed it.",
                expected=theirs.text,
                **where,
            )
        else:
            yield _(
                "{file}: line {line}: ID {id} is that of {expected!r} by {column}, but the line says {got!r}. "
                "Were columns sorted apart?",
                id=before[download.identifier].text,
                expected=theirs.text,
                **where,
            )


def _score(
    told: Download, cell: Cell, there: Cell, student: str, max_score: float, *, may_lower: bool
) -> Change | str | None:
    """Return what becomes of one score: a change, nothing, or what is wrong with it."""
    where = {"file": told.sheet.name, "line": cell.line, "student": student, "got": cell.text, "before": there.text}
    ours, before = cell.text.strip(), points_in(there.text)
    nothing = there.text.strip() in {"", "-"}
    if ours == there.text.strip() or (ours in {"", "-"} and nothing):
        return None
    if ours in {"", "-"}:
        return _(
            "{file}: line {line}: expected a score for {student}, who has {before}, got none: Canvas would erase it.",
            **where,
        )
    if there.text.strip() in {EXCUSED, NOT_ASSIGNED}:
        return _(
            "{file}: line {line}: {student} has {before!r} in Canvas, which {got} would replace. Leave the line out.",
            **where,
        )
    if before is None and not nothing:
        return _(
            "{file}: line {line}: expected points for {student} in Canvas, got {before!r}. Is it graded in letters?",
            **where,
        )
    after = points_in(ours)
    if after is None:
        if _negative(ours):
            return _("{file}: line {line}: expected a score of at least 0 for {student}, got {got}.", **where)
        return _("{file}: line {line}: expected a number for {student}, got {got!r}.", **where)
    if after > max_score:
        return _(
            "{file}: line {line}: expected at most {most:g} points for {student}, got {got}.", most=max_score, **where
        )
    if f"{after:.2f}" == (None if before is None else f"{before:.2f}"):
        return None  # Canvas shows, and compares, two digits
    if before is not None and after < before and not may_lower:
        return _(
            "{file}: line {line}: {student} has {before}, which {got} would lower. "
            "If that is meant, say --allow-lower.",
            **where,
        )
    return Change(student, before, after)


def _negative(text: str) -> bool:
    return points_in(text.strip().removeprefix("-")) is not None and text.strip().startswith("-")
