"""What releasing would change, and for whom."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.gradebook.line import Line, line_of
from autograder.gradebook.releases import Release
from autograder.gradebook.view import State
from autograder.submission import HAND_IN, submission_from_bytes
from autograder.verdict import SCHEMA, CheckResult, Status, SubmissionRef, SubmissionResult
from autograder.words import _, current_language

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from autograder.gradebook.book import Book
    from autograder.gradebook.view import Gradebook, Row

_FINAL = {State.GRADED, State.UNREADABLE, State.MISSING}
"""What a score may be released in; of those who handed nothing in, one that people gave. The others wait."""


class Fate(StrEnum):
    """What releasing does for a student."""

    FIRST = "first"
    """Something is released to them for the first time."""
    SCORE = "score"
    """The score becomes another."""
    PAGE = "page"
    """The score stays, and what else is told does not."""
    SAME = "same"
    HELD = "held"
    """Held back by whoever releases: what was released to them before stays."""
    OPEN = "open"
    """Not decided yet: likewise."""
    NOTHING = "nothing"
    """There is nothing to release."""
    WITHDRAWN = "withdrawn"
    """What was released to them is theirs no more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What would become of one student.

    row: their line; None if they have none any more. before, after: what holds, and what would; None if nothing does.
    page: its bytes, to be released or to be there already; b"" if there is none to make.
    """

    student: str
    name: str
    fate: Fate
    row: Row | None
    before: Release | None
    after: Release | None
    page: bytes = b""


def drafts(
    book: Book, grades: Gradebook, latest: Mapping[str, Release], *, held: Collection[str], command: str
) -> Iterator[Draft]:
    """Yield what would become of each student, in the order of the gradebook, then of those who are not in it any more.

    latest: what holds. held: the keys of those to hold back. command: the assignment, as commands name it. A page is
    made when its turn comes, so that there need not be memory for all of them.
    """
    for row in grades.rows:
        before = latest.get(row.student)
        if row.state not in _FINAL:
            yield Draft(row.student, row.name, Fate.OPEN, row, before, before)
        elif row.score is None:
            fate = Fate.NOTHING if before is None or before.line is None else Fate.WITHDRAWN
            yield Draft(row.student, row.name, fate, row, before, _withdrawn(before))
        elif row.student in held:
            yield Draft(row.student, row.name, Fate.HELD, row, before, before)
        else:
            yield _released(book, row, before, command)
    known = {row.student for row in grades.rows}
    for student, before in latest.items():
        if student not in known:
            fate = Fate.NOTHING if before.line is None else Fate.WITHDRAWN
            name = before.line.name if before.line else ""
            yield Draft(student, name, fate, None, before, _withdrawn(before))


def _released(book: Book, row: Row, before: Release | None, command: str) -> Draft:
    from autograder.publish.pages import student_page  # here, for it takes a tenth of a second to import

    result = _result(book, row, command)
    page = b"" if result is None else student_page(result, _source(book, row), row=row, command=command).encode()
    after = Release(
        student=row.student,
        token=before.token if before else secrets.token_hex(16),
        line=line_of(row, result if row.counts and row.counts.result else None),
        sha256=hashlib.sha256(page).hexdigest() if page else "",
    )
    return Draft(row.student, row.name, _fate(before, after), row, before, after, page)


def _fate(before: Release | None, after: Release) -> Fate:
    if before is None or before.line is None:
        return Fate.FIRST
    if _points(before.line) != _points(after.line):
        return Fate.SCORE
    return Fate.SAME if before == after else Fate.PAGE


def _points(line: Line | None) -> tuple[float | None, float] | None:
    return (line.score, line.max_score) if line else None


def _withdrawn(before: Release | None) -> Release | None:
    return None if before is None else Release(student=before.student, token=before.token, line=None)


def _source(book: Book, row: Row) -> str:
    if row.counts is None or not row.counts.hand_in:
        return ""
    return submission_from_bytes(book.content(row.counts.hand_in), Path(HAND_IN)).source


def _result(book: Book, row: Row, command: str) -> SubmissionResult | None:
    """Return the result that a page shows; of a hand-in that cannot be read, one that says so, and has no hash."""
    if row.counts is None:
        return None
    if row.counts.result is not None:
        return book.result(row.counts.result.id)
    if not row.counts.attempt.problem:
        return None
    unread = CheckResult(
        id="file",
        title=_("The file can be read"),
        status=Status.ERROR,
        score=0.0,
        max_score=row.max_checks,
        visibility="visible",
        seconds=0.0,
        message=row.counts.attempt.problem,
    )
    return SubmissionResult(
        schema=SCHEMA,
        assignment=command,
        submission=SubmissionRef(HAND_IN, ""),
        score=0.0,
        max_score=row.max_checks,
        sandbox="-",
        seed=0,
        language=current_language(),
        environment={},
        timing={},
        checks=(unread,),
    )
