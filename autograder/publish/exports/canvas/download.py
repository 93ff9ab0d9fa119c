"""The gradebook that Canvas lets a teacher download: its columns, its students, and what cannot be written to.

Columns: `Student` (or `LastName`, `FirstName`), `ID`, `SIS User ID`, `SIS Login ID`, perhaps others, and `Section` say
who it is; then come the course's own columns; an assignment each, `Title (id)`; and totals, which are read only.
Rows: perhaps one that says `Manual Posting`; `Points Possible`; a student each, the test student last. A score is a
number, `EX` for excused, `N/A` for who has not got the assignment, or nothing.
Source: canvas-lms, lib/gradebook_exporter.rb and lib/gradebook_importer.rb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.handins import Id, Person
from autograder.publish.exports.cells import points_in
from autograder.publish.exports.errors import ExportError, refuse_if
from autograder.publish.exports.sheet import Sheet, read_sheet
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.publish.exports.sheet import Cell

EXCUSED, NOT_ASSIGNED = "EX", "N/A"
GUARDED = re.compile(r'="[^"]*"')
"""How Canvas itself writes a name that begins with =, so that a spreadsheet shows it."""

_IDENTIFIERS = {"SIS User ID": Id.SID, "SIS Login ID": Id.LOGIN}
_ASSIGNMENT = re.compile(r"(?P<title>.*) \((?P<id>\d+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Download:
    """A gradebook of Canvas.

    who: how many columns say who it is. possible: the row of the points possible. students: their rows.
    """

    sheet: Sheet
    who: int
    possible: tuple[Cell, ...]
    students: tuple[tuple[Cell, ...], ...]

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [cell.text for cell in self.sheet.rows[0]]

    @property
    def identifier(self) -> int:
        """The column `ID`, by which Canvas knows a student."""
        return self.header.index("ID")

    @property
    def assignments(self) -> list[int]:
        """The columns of assignments, which have an id and points."""
        return [
            i
            for i, name in enumerate(self.header)
            if i >= self.who and _ASSIGNMENT.fullmatch(name) and points_in(self.possible[i].text) is not None
        ]

    def people(self) -> list[Person]:
        """List the students as people, each known by Canvas's id; without the test student."""
        found = []
        for row in self.students:
            told = {name: row[i].text.strip() for i, name in enumerate(self.header[: self.who])}
            ids = {kind: told[name] for name, kind in _IDENTIFIERS.items() if told.get(name)}
            name = told.get("Student") or f"{told.get('FirstName', '')} {told.get('LastName', '')}".strip()
            if name in {"Student, Test", "Test Student"} and Id.SID not in ids:
                continue
            if "@" in ids.get(Id.LOGIN, ""):
                ids[Id.EMAIL] = ids[Id.LOGIN].lower()
            found.append(Person(told["ID"], name, {Id.CANVAS: told["ID"], **ids}))
        return found

    def column(self, wanted: str | None, names: tuple[str, ...]) -> int:
        """Return the column of an assignment: the one wanted, by header, title or id; else by `names`, or the only one.

        Raises ExportError, with the columns that there are.
        """
        keys = {wanted.casefold()} if wanted is not None else {n.casefold() for n in names}
        found = [i for i in self.assignments if keys & _called(self.header[i])]
        if not found and wanted is None and len(self.assignments) == 1:
            found = self.assignments
        if len(found) == 1:
            return found[0]
        if wanted is not None and wanted in self.header:
            raise ExportError(
                _(
                    "{file}: expected an assignment that scores can be given for, got {column!r}: "
                    "it has no id and points, so that it is read only. There are: {columns}.",
                    file=self.sheet.name,
                    column=wanted,
                    columns=self._listed(),
                )
            )
        if found:
            raise ExportError(
                _(
                    "{file}: expected one column {name!r}, got {columns}. Name one of them with --column.",
                    file=self.sheet.name,
                    name=wanted or names[0],
                    columns=", ".join(repr(self.header[i]) for i in found),
                )
            )
        raise ExportError(
            _(
                "{file}: expected a column for {name!r}, found none, and Canvas would make a new assignment of it. "
                "Name one with --column: {columns}.",
                file=self.sheet.name,
                name=wanted or names[0],
                columns=self._listed(),
            )
        )

    def _listed(self) -> str:
        return ", ".join(repr(self.header[i]) for i in self.assignments) or _("none")


def read_gradebook(name: str, content: bytes) -> Download:
    """Read a gradebook. Raises ExportError, see `read_sheet`; also if it has other columns or no points possible."""
    sheet = read_sheet(name, content)
    header = [cell.text for cell in sheet.rows[0]] if sheet.rows else []
    if "Section" not in header or "ID" not in header or header[0] not in {"Student", "LastName"}:
        raise ExportError(
            _(
                "{file}: expected the gradebook that Canvas exports, with the columns Student, ID, ..., Section, got "
                "{columns}.",
                file=name,
                columns=", ".join(header[:6]) or _("nothing"),
            )
        )
    rows = [row for row in sheet.rows[1:] if not _says_when_posted(row)]
    possible = [row for row in rows if "Points Possible" in row[0].text]
    if len(possible) != 1:
        raise ExportError(
            _(
                "{file}: expected one row 'Points Possible', got {count}. Export the gradebook again.",
                file=name,
                count=len(possible),
            )
        )
    students = tuple(row for row in rows if row is not possible[0])
    refuse_if(_spoiled_ids(name, students, header.index("ID")))
    return Download(sheet, header.index("Section") + 1, possible[0], students)


def _spoiled_ids(name: str, students: Sequence[Sequence[Cell]], column: int) -> list[str]:
    """Say which students cannot be known by their id, so that Canvas would go by the name, or make a new student."""
    problems = []
    first: dict[str, int] = {}
    for row in students:
        cell = row[column]
        if not cell.text.isascii() or not cell.text.isdigit():
            problems.append(
                _(
                    "{file}: line {line}: expected Canvas's ID, a whole number, got {got!r}: a spreadsheet has changed "
                    "it. Export the gradebook again, and give it as it came.",
                    file=name,
                    line=cell.line,
                    got=cell.text,
                )
            )
        elif (before := first.setdefault(cell.text, cell.line)) != cell.line:
            problems.append(
                _(
                    "{file}: expected each student once, got ID {id} on line {first} and on line {line}.",
                    file=name,
                    id=cell.text,
                    first=before,
                    line=cell.line,
                )
            )
    return problems


def _called(header: str) -> set[str]:
    """Return what a column of an assignment may be called: its header, its title, its id."""
    found = _ASSIGNMENT.fullmatch(header)
    return {header.casefold()} | ({found["title"].casefold(), found["id"]} if found else set())


def _says_when_posted(row: tuple[Cell, ...]) -> bool:
    return all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell.text, re.IGNORECASE) for cell in row)
