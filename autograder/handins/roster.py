"""The roster: a CSV file, as a person writes it or as Canvas, Moodle or Gradescope exports it."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from typing import TYPE_CHECKING

from autograder.handins.entry import printable
from autograder.handins.folder import read_regular
from autograder.handins.records import Id, Person
from autograder.submission import SubmissionError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MAX_ROSTER = 16 << 20

_HEADERS = {
    "name": "name fullname studentname displayname sortablename vollständigername nomcomplet nombrecompleto "
    "성명 학생이름",
    "first": "firstname givenname vorname prénom nombre",
    "last": "lastname surname familyname nachname nom apellidos apellido 성",
    "given": "이름",  # the whole name, or the first one where there is a column for the last
    "student": "student key 학생",  # a key, or in Canvas's gradebook the name
    "id": "id",  # Canvas's own in its gradebook, a student number elsewhere
    "role": "role roles 역할",
    Id.SID: "sid studentid studentnumber studentno sisuserid sisid idnumber matriculationnumber matrikelnummer 학번",
    Id.LOGIN: "login loginid sisloginid username netid userid benutzername 아이디",
    Id.EMAIL: "email emailaddress mail emailadresse adressedecourriel correo direccióndecorreo "
    "이메일 이메일주소 전자우편 메일",
    Id.MOODLE: "identifier participant 식별자",
    Id.CANVAS: "canvasid canvasuserid",
}
_COLUMNS = {header: column for column, headers in _HEADERS.items() for header in headers.split()}
_STAFF = {"instructor", "teacher", "ta", "teachingassistant", "reader", "observer", "designer", "manager"}
_HANGUL = re.compile("[가-힣 ]+")


class RosterError(ValueError):
    """A roster that cannot be read as one. The message is written for the instructor."""


def read_roster(path: Path) -> list[Person]:
    """Return the people on the roster, in its order; staff and rows that are no people are left out.

    Columns are found by their usual names, in any order and case. Text is UTF-8, UTF-16 with its mark, or CP949;
    columns are separated by a comma, semicolon or tab. Raises RosterError, with line numbers, if there is no column to
    know people by, a row names nobody, or two rows have the same identifier.
    """
    try:
        content = read_regular(os.path.realpath(path), str(path), MAX_ROSTER + 1)
    except SubmissionError as error:
        raise RosterError(str(error)) from error
    if len(content) > MAX_ROSTER:
        raise RosterError(_("{path}: expected at most {limit} bytes, got more.", path=path, limit=MAX_ROSTER))
    rows = _rows(path, _text(path, content))
    _line, header = next(rows, (0, []))
    columns = _columns(header)
    if not columns.keys() & {"name", "given", "last", "student", "id", *Id}:
        raise RosterError(
            _(
                "{path}: expected a header with columns such as student, name and email, got {header}.",
                path=path,
                header=printable(", ".join(header)) or _("nothing"),
            )
        )
    return _people(path, rows, columns)


def person_of(header: Sequence[str], cells: Sequence[str]) -> Person:
    """Return who a row of a table is, by the usual names of its columns; `student` is "" where they tell nobody."""
    told = {column: cells[i].strip() for column, i in _columns(header).items() if cells[i].strip()}
    return _person(told, canvas=False)


def _people(path: Path, rows: Iterator[tuple[int, list[str]]], columns: Mapping[str, int]) -> list[Person]:
    people: list[Person] = []
    lines: dict[tuple[str, str], int] = {}
    canvas = {"student", "id"} <= columns.keys() and "name" not in columns
    for line, cells in rows:
        told = {c: printable(cells[i].strip()) for c, i in columns.items() if i < len(cells)}
        told = {column: cell for column, cell in told.items() if cell}
        if not told or _key(told.get("role", "")) in _STAFF or (canvas and not _in_canvas(told)):
            continue
        person = _person(told, canvas=canvas)
        if not person.student:
            raise RosterError(
                _(
                    "{path}: line {line}: expected a person, got a row without name and identifier.",
                    path=path,
                    line=line,
                )
            )
        for kind, value in (("student", person.student), *person.ids.items()):
            if (first := lines.setdefault((kind, value.casefold()), line)) != line:
                raise RosterError(
                    _(
                        "{path}: expected each person once, got {value} on line {first} and on line {line}.",
                        path=path,
                        value=value,
                        first=first,
                        line=line,
                    )
                )
        people.append(person)
    return people


def _in_canvas(told: Mapping[str, str]) -> bool:
    """Tell whether a row of Canvas's gradebook is a person: not the points possible, and not its test student."""
    known = told.keys() & {"id", Id.SID, Id.LOGIN, Id.EMAIL}
    return bool(known) and not (_key(told.get("student", "")) in {"studenttest", "teststudent"} and Id.SID not in told)


def _person(told: Mapping[str, str], *, canvas: bool) -> Person:
    ids = {kind: told[kind] for kind in Id if kind in told}
    if "id" in told:
        ids.setdefault(Id.CANVAS if canvas else Id.SID, told["id"])
    if Id.EMAIL in ids:
        ids[Id.EMAIL] = ids[Id.EMAIL].lower()
    elif "@" in ids.get(Id.LOGIN, ""):
        ids[Id.EMAIL] = ids[Id.LOGIN].lower()
    if Id.MOODLE in ids:  # "Participant 12345", in the language of the site
        ids[Id.MOODLE] = re.sub(r".*\D(?=\d+\Z)", "", ids[Id.MOODLE])
    first, last = told.get("first", ""), told.get("last", "")
    name = told.get("name", "")
    if last:
        first = first or told.get("given", "")
        name = name or (last + first if _HANGUL.fullmatch(last + first) else f"{first} {last}".strip())
    name = name or told.get("given", "") or first or told.get("student", "")
    key = "" if canvas else told.get("student", "")
    kinds = (Id.SID, Id.EMAIL, Id.LOGIN, Id.CANVAS, Id.MOODLE)
    return Person(key or next((ids[kind] for kind in kinds if kind in ids), name), name, ids)


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Return where each column that is known is; the first of two of a kind."""
    found: dict[str, int] = {}
    for at, cell in enumerate(header):
        if column := _COLUMNS.get(_key(cell)):
            found.setdefault(column, at)
    return found


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line it ends on."""
    start = text.lstrip()
    marked = re.match(r"sep=(.)\r?\n", start)  # Excel's own
    heading = (start.splitlines() or [""])[0]
    delimiter = marked[1] if marked else max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not (marked and reader.line_num == 1):
                yield reader.line_num, row
    except csv.Error as error:
        raise RosterError(
            _(
                "{path}: line {line}: expected CSV, got something else ({why}).",
                path=path,
                line=reader.line_num,
                why=error,
            )
        ) from error


def _text(path: Path, content: bytes) -> str:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    for encoding in [marks[content[:2]]] if content[:2] in marks else ["utf-8-sig", "cp949"]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RosterError(
        _("{path}: expected text in UTF-8, UTF-16 or CP949, got none of them. Save it as CSV UTF-8.", path=path)
    )
