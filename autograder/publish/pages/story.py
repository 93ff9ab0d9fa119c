"""How a score came about: each step with its points, and where a person decided, who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from autograder.gradebook.entries import Kind
from autograder.gradebook.late import Lateness
from autograder.gradebook.tables import act, late, points, state
from autograder.gradebook.view import State
from autograder.publish.pages.environment import moment
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from autograder.gradebook.entries import Entry
    from autograder.gradebook.view import Row, Scored


@dataclass(frozen=True, slots=True)
class Step:
    """A step. points: what it adds, or what the score is then, as text. said: by whom, when and why, or what it is."""

    what: str
    points: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """How the score of an attempt came about.

    counts: whether the attempt is the one that does. score: of the student, if so; of the attempt, if not.
    open: what is not decided yet.
    """

    score: float | None
    max_score: float
    counts: bool
    steps: tuple[Step, ...]
    open: tuple[str, ...]
    handed_in: str


def story(row: Row, attempt: Scored | None) -> Story:
    """Tell how the score came about: of the student, if the attempt is the one that counts, else of the attempt."""
    counts = attempt is row.counts
    steps = [*_of_attempt(row, attempt), *(_of_student(row) if counts else ())]
    left = []
    if counts and row.state is not State.GRADED:
        left.append(state(row))
    if counts and row.unmarked:
        left.append(_("Written parts without points: {parts}.", parts=", ".join(row.unmarked)))
    return Story(
        row.score if counts else attempt.score if attempt else None,
        row.max_score if counts else row.max_checks,
        counts,
        tuple(steps),
        tuple(left),
        _handed_in(attempt),
    )


def set_points(row: Row | None, attempt: Scored | None) -> dict[str, Entry]:
    """Return what somebody set the points of single checks of an attempt to, by check."""
    if row is None or attempt is None:
        return {}
    return {e.part: e for e in row.entries if e.kind is Kind.CHECK and e.hand_in == attempt.hand_in}


def by_whom(entry: Entry, row: Row | None = None) -> str:
    """Say who made an entry, when and why."""
    zone = row.counts.late.due.tzinfo if row and row.counts and row.counts.late.due else UTC
    return _("{who}, {when}: {why}", who=entry.who, when=moment(entry.at.astimezone(zone)), why=entry.why)


def _of_attempt(row: Row, attempt: Scored | None) -> Iterator[Step]:
    if attempt is None:
        return
    if attempt.result is not None:
        yield Step(_("The checks"), points(attempt.result.score))
        before = {v.check: v.score for v in attempt.result.verdicts}
        for check, entry in set_points(row, attempt).items():
            change = (entry.points or 0.0) - before.get(check, 0.0)
            yield Step(_("{check}, set by hand", check=check), _signed(change), by_whom(entry, row))
    for entry in row.entries:
        on_it = entry.kind is Kind.DAYS_LATE and entry.hand_in == attempt.hand_in
        if entry.kind is Kind.EXTENSION or on_it:
            yield Step(act(entry), "", by_whom(entry, row))
    if attempt.late.state is Lateness.LATE:
        yield Step(_("Late: {late}", late=late(attempt.late)), _signed(-attempt.late.penalty), _due(attempt))


def _of_student(row: Row) -> Iterator[Step]:
    for entry in row.entries:
        if entry.kind is Kind.SCORE:
            yield Step(_("The score of all checks, set by hand"), f"= {points(entry.points)}", by_whom(entry, row))
    for entry in row.entries:
        if entry.kind is Kind.MARK and entry.part in row.written:
            yield Step(_("Written part {part}", part=entry.part), _signed(entry.points or 0.0), by_whom(entry, row))


def _due(attempt: Scored) -> str:
    return _("due {time}", time=moment(attempt.late.due)) if attempt.late.due else ""


def _handed_in(attempt: Scored | None) -> str:
    if attempt is None:
        return ""
    time: datetime | None = attempt.attempt.submitted_at
    if time is not None and attempt.late.due is not None:
        time = time.astimezone(attempt.late.due.tzinfo)
    number = _("Attempt {number}", number=attempt.number)
    return number + (", " + _("handed in {time}", time=moment(time)) if time else "")


def _signed(value: float) -> str:
    """Write points that are added, with their sign; nothing for none."""
    return ("+" if value > 0 else "−" if value < 0 else "±") + points(abs(value))
