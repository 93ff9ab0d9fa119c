"""The offline grading worksheet that Moodle lets a teacher download: who is in it, and where the grades are.

Its headers are in the language of the site, and go back as they came, for Moodle looks for them. Columns are known by
where they stand: the first is the identifier, `Participant 123` in whatever language; the grade stands before its
maximum, the same number in every row; then come, perhaps, the state of marking, and whether the grade can be changed.
Source: moodle, mod/assign/gradingtable.php and mod/assign/feedback/offline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograder.handins import Id
from autograder.handins.roster import person_of
from autograder.publish.exports.cells import points_in
from autograder.publish.exports.errors import ExportError
from autograder.publish.exports.sheet import read_sheet
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.handins import Person
    from autograder.publish.exports.sheet import Cell, Sheet

_PARTICIPANT = re.compile(r"(?P<word>.*\D)(?P<number>\d+)", re.DOTALL)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_YES = {"yes", "ja", "oui", "sí", "si", "sì", "sim", "tak", "evet", "да", "예", "네", "はい", "是", "是的"}
_NO = {"no", "nein", "non", "não", "nie", "nee", "hayır", "нет", "아니오", "아니요", "いいえ", "否", "不", "不是"}


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A worksheet.

    grade: the column of the grades; that of the maximum is the next. locked: the identifiers of those whose grade
    cannot be changed; None where it does not say so, or not in a language that we know.
    """

    sheet: Sheet
    grade: int
    maximum: float
    locked: frozenset[str] | None

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [cell.text for cell in self.sheet.rows[0]]

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """A row a student."""
        return self.sheet.rows[1:]

    def people(self) -> list[Person]:
        """List the students as people, each known by the participant's number."""
        people = []
        for row in self.rows:
            person = person_of(self.header, [cell.text for cell in row])
            ids = {**person.ids, Id.MOODLE: identifier(row)}
            if emails := [cell.text for cell in row[: self.grade] if _EMAIL.fullmatch(cell.text)]:
                ids.setdefault(Id.EMAIL, emails[0].lower())
            people.append(replace(person, student=identifier(row), name=person.name or row[1].text, ids=ids))
        return people


def identifier(row: Sequence[Cell]) -> str:
    """Return the participant's number."""
    found = _PARTICIPANT.fullmatch(row[0].text)
    return found["number"] if found else ""


def read_worksheet(name: str, content: bytes, column: str | None) -> Worksheet:
    """Read a worksheet. column: the header of the grades, where it cannot be told.

    Raises ExportError, see `read_sheet`; also if it is none, has a student twice, or no column of grades to tell.
    """
    sheet = read_sheet(name, content)
    rows = sheet.rows[1:]
    words = {m["word"] if (m := _PARTICIPANT.fullmatch(row[0].text)) else None for row in rows}
    if not rows or len(words) != 1 or None in words:
        raise ExportError(
            _(
                "{file}: expected Moodle's grading worksheet, with an identifier such as 'Participant 123' first in "
                "every row, got {got!r}. Download it with 'Download grading worksheet'.",
                file=name,
                got=", ".join(sorted(row[0].text for row in rows)[:3]),
            )
        )
    first: dict[str, int] = {}
    for row in rows:
        if (before := first.setdefault(identifier(row), row[0].line)) != row[0].line:
            raise ExportError(
                _(
                    "{file}: expected each student once, got {id} on line {first} and on line {line}.",
                    file=name,
                    id=row[0].text,
                    first=before,
                    line=row[0].line,
                )
            )
    grade = _grade_column(name, sheet, column)
    maximum = points_in(rows[0][grade + 1].text) or 0.0
    return Worksheet(sheet, grade, maximum, _locked(rows, grade))


def _grade_column(name: str, sheet: Sheet, column: str | None) -> int:
    """Return the column of the grades: the one that stands before its maximum, and holds nothing else."""
    header = [cell.text for cell in sheet.rows[0]]
    found = [
        i
        for i in range(1, len(header) - 1)
        if len({row[i + 1].text for row in sheet.rows[1:]}) == 1
        and points_in(sheet.rows[1][i + 1].text)
        and all(row[i].text.strip() in {"", "-"} or points_in(row[i].text) is not None for row in sheet.rows[1:])
        and column in (None, header[i])
    ]
    if len(found) == 1:
        return found[0]
    raise ExportError(
        _(
            "{file}: expected one column of grades, before that of the maximum grade, got {got}. "
            "Name it with --column; a grade in words (a scale) cannot be filled in. There are: {columns}.",
            file=name,
            got=", ".join(repr(header[i]) for i in found) or _("none"),
            columns=", ".join(map(repr, header)),
        )
    )


def _locked(rows: Sequence[Sequence[Cell]], grade: int) -> frozenset[str] | None:
    for i in range(grade + 2, min(grade + 4, len(rows[0]))):
        if all(row[i].text.strip().casefold() in _YES | _NO for row in rows):
            return frozenset(identifier(row) for row in rows if row[i].text.strip().casefold() in _NO)
    return None
