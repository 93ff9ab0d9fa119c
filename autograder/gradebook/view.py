"""The gradebook: everybody's score in an assignment, and why, as records. `make` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from autograder.gradebook.entries import Kind
from autograder.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.gradebook.entries import Entry
    from autograder.gradebook.late import Late, LatePolicy
    from autograder.gradebook.records import Stored
    from autograder.handins import Attempt, Id, Person

MAX_SCORE = 100.0
"""What the checks of an assignment sum to."""


class State(StrEnum):
    """How far a student's grading is, the most urgent first."""

    MISSING = "missing"
    """Nothing was handed in."""
    UNREADABLE = "unreadable"
    """The attempt that counts cannot be read; its problem says why."""
    WAITING = "waiting"
    """An attempt is not graded yet."""
    FAULT = "fault"
    """The grader failed on the attempt that counts: somebody has to look."""
    UNDECIDED = "undecided"
    """The attempt that counts is late, by an unknown time: somebody has to say how late."""
    GRADED = "graded"


@dataclass(frozen=True, slots=True)
class Scored:
    """An attempt, and what it comes to.

    id: of the attempt in the book. number: 1, 2, ... of the student's attempts, the earliest first.
    attempt: without its content; `student`, `name` and `ids` are those of the person on the roster, where there is one.
    hand_in: "" if it cannot be read.
    result: the one that counts; where there is none without a fault, the latest with one; None before it is graded.
    waits: a newer one with other verdicts, which waits to be accepted. fault: the newest, if the grader failed in it.
    raw: the points of the checks, with those that somebody set. score: less the penalty.
    """

    id: int
    number: int
    attempt: Attempt
    hand_in: str
    result: Stored | None
    waits: Stored | None
    fault: Stored | None
    late: Late
    raw: float | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One student's line.

    on_roster: False for who handed something in and is not on it; True for all if there is no roster.
    attempts: the earliest first. counts: the one of them that does.
    checks: what the checks come to, the last word; None if there is nothing to go by. written: the points of each
    part that somebody graded. unmarked: the parts that nobody did.
    entries: what people did to this line and holds, in the order in which they did it: with who, when and why.
    history: that, and what was undone or replaced.
    late_days_left: of the student's own, for assignments with a later deadline.
    """

    student: str
    name: str
    ids: Mapping[Id, str]
    on_roster: bool
    attempts: tuple[Scored, ...]
    counts: Scored | None
    checks: float | None
    max_checks: float
    written: Mapping[str, float]
    max_written: float
    unmarked: tuple[str, ...]
    entries: tuple[Entry, ...]
    history: tuple[Entry, ...]
    late_days_left: int
    state: State

    @property
    def score(self) -> float | None:
        """Checks and written parts together; None if there is nothing to go by."""
        if self.checks is None and not self.written:
            return None
        return (self.checks or 0.0) + sum(self.written.values())

    @property
    def max_score(self) -> float:
        """The most that `score` can be."""
        return self.max_checks + self.max_written


@dataclass(frozen=True, slots=True)
class Unclear:
    """An attempt that fits several people of the roster. It has a line of its own until somebody decides."""

    attempt: Attempt
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Gradebook:
    """An assignment's gradebook.

    rows: in the order of the roster, then those that are not on it, by name. stray: entries that are on nobody's line,
    for there is no such student any more.
    """

    assignment: str
    policy: LatePolicy | None
    rows: tuple[Row, ...]
    unclear: tuple[Unclear, ...]
    stray: tuple[Entry, ...]

    @property
    def missing(self) -> list[Row]:
        """Who is on the roster and handed nothing in."""
        return [r for r in self.rows if not r.attempts and r.on_roster]

    @property
    def unmatched(self) -> list[Row]:
        """Who handed something in and is not on the roster."""
        return [r for r in self.rows if not r.on_roster]

    @property
    def faults(self) -> list[tuple[Row, Scored]]:
        """The attempts in which the grader failed last, and for which nobody has set the points since."""
        return [(r, a) for r in self.rows for a in r.attempts if a.fault is not None and not settled(r.entries, a)]


def settled(entries: Sequence[Entry], attempt: Scored) -> bool:
    """Whether somebody set the whole score, or the points of every check of this attempt that the grader failed in."""
    if attempt.fault is None or any(e.kind is Kind.SCORE for e in entries):
        return True
    set_points = {e.part for e in entries if e.kind is Kind.CHECK and e.hand_in == attempt.hand_in}
    return {v.check for v in attempt.fault.verdicts if v.status is Status.GRADER_FAULT} <= set_points
