"""A line of the gradebook as it is released and exported: plain data, with a published JSON Schema."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from autograder.gradebook.view import State
from autograder.handins import Id
from autograder.verdict import Status

if TYPE_CHECKING:
    from autograder.gradebook.view import Row
    from autograder.verdict import SubmissionResult


class CheckLine(msgspec.Struct, frozen=True):
    """A check's verdict and points, of the attempt that counts, before what people set."""

    id: str
    status: Status
    score: float
    max_score: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One student's line.

    ids: by the system that knows them. on_roster: whether they are in the class; where there is no roster, all are.
    score: checks and written parts together; None if nothing is released.
    checks_score: what the checks come to, with what lateness cost and what people set. penalty: in points.
    attempt: the number of the one that counts, of so many attempts; None if there is none.
    result: the number in the gradebook of the result that counts. written: points of the parts that somebody graded.
    """

    student: str
    name: str
    ids: dict[Id, str]
    on_roster: bool = True
    state: State
    score: float | None
    max_score: float
    checks_score: float | None = None
    checks: tuple[CheckLine, ...] = ()
    written: dict[str, float] = {}
    attempt: int | None = None
    attempts: int = 0
    submitted_at: datetime | None = None
    days_late: int = 0
    penalty: float = 0.0
    result: int | None = None


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """A gradebook, as it was released."""

    schema: Literal["numpytorch/gradebook/1"] = "numpytorch/gradebook/1"
    assignment: str
    lines: tuple[Line, ...]

    def to_json(self) -> bytes:
        """Write it as indented JSON, UTF-8."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def unreleased(row: Row) -> Line:
    """Return the line of a student to whom nothing is released: who it is, and how far the grading is."""
    ids = dict(row.ids)
    for attempt in row.attempts:
        ids = {**attempt.attempt.ids, **ids}  # what a download knows them by, and the roster does not
    return Line(
        student=row.student,
        name=row.name,
        ids=dict(sorted(ids.items())),
        on_roster=row.on_roster,
        state=row.state,
        score=None,
        max_score=row.max_score,
        attempts=len(row.attempts),
    )


def line_of(row: Row, result: SubmissionResult | None) -> Line:
    """Return a student's line as it would be released. result: the one that counts, where there is one."""
    counts = row.counts
    return msgspec.structs.replace(
        unreleased(row),
        score=None if row.score is None else round(row.score, 6),
        checks_score=row.checks,
        checks=tuple(CheckLine(c.id, c.status, c.score, c.max_score) for c in (result.checks if result else ())),
        written=dict(row.written),
        attempt=counts.number if counts else None,
        submitted_at=counts.attempt.submitted_at if counts else None,
        days_late=counts.late.days if counts else 0,
        penalty=counts.late.penalty if counts else 0.0,
        result=counts.result.id if counts and counts.result else None,
    )
