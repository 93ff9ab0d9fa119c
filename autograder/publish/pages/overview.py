"""The class at a glance: how scores are distributed, which checks pass, and what needs a person."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.gradebook.tables import points
from autograder.gradebook.view import State
from autograder.publish.pages.failures import Who
from autograder.publish.pages.timeline import Bar, bars
from autograder.verdict import Status
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograder.gradebook import Gradebook, Row
    from autograder.verdict import SubmissionResult

_BINS = 10


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the class."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Matter:
    """What a person has to look at, and whom it is about."""

    what: str
    about: tuple[Who, ...]


class Tally:
    """Counts how many hand-ins pass each check, of those that it ran on."""

    def __init__(self, checks: Iterable[str]) -> None:
        self._passed = dict.fromkeys(checks, 0)
        self._ran = dict.fromkeys(self._passed, 0)

    def add(self, result: SubmissionResult) -> None:
        """Count the verdicts of a hand-in; a fault of the grader is none."""
        for c in result.checks:
            if c.status is not Status.GRADER_FAULT and c.id in self._ran:
                self._ran[c.id] += 1
                self._passed[c.id] += c.status is Status.PASSED

    def bars(self) -> list[tuple[Bar, int]]:
        """Return a bar for each check: how many pass, and of how many."""
        return [(bars([(check, n)], self._ran[check])[0], self._ran[check]) for check, n in self._passed.items()]


def tiles(grades: Gradebook) -> list[Tile]:
    """Return the figures of the class."""
    scores = [r.score for r in grades.rows if r.score is not None]
    late = sum(r.counts is not None and r.counts.late.days > 0 for r in grades.rows)
    by_hand = sum(len(r.entries) for r in grades.rows)
    return [
        Tile(_("students"), str(len(grades.rows))),
        Tile(_("with a score"), str(len(scores))),
        Tile(_("median score"), points(statistics.median(scores)) if scores else "–"),
        Tile(_("full score"), str(sum(r.score is not None and r.score >= r.max_score for r in grades.rows))),
        Tile(_("late"), str(late)),
        Tile(_("missing"), str(len(grades.missing))),
        Tile(_("decisions by hand"), str(by_hand)),
    ]


def distribution(rows: Sequence[Row]) -> list[Bar]:
    """Count students by tenths of the full score."""
    counts = [0] * _BINS
    for row in rows:
        if row.score is not None and row.max_score > 0:
            counts[min(max(int(_BINS * row.score / row.max_score), 0), _BINS - 1)] += 1
    most = max((row.max_score for row in rows), default=100.0)
    edges = [points(round(most * i / _BINS, 6)) for i in range(_BINS + 1)]
    return bars([(f"{edges[i]}–{edges[i + 1]}", count) for i, count in enumerate(counts)])


def matters(grades: Gradebook, who: Callable[[Row, int], Who]) -> list[Matter]:
    """List what needs a person, and whom it is about; what is nobody's is left out."""

    def of(rows: Iterable[Row]) -> tuple[Who, ...]:
        return tuple(who(r, r.counts.number if r.counts else 0) for r in rows)

    def in_state(state: State) -> tuple[Who, ...]:
        return of(r for r in grades.rows if r.state is state)

    found = [
        Matter(_("Grader faults to look at"), tuple(who(r, a.number) for r, a in grades.faults)),
        Matter(
            _("New results wait, see `autograder diff`"),
            tuple(who(r, a.number) for r in grades.rows for a in r.attempts if a.waits is not None),
        ),
        Matter(_("Late by an unknown time, to decide with `autograder book late`"), in_state(State.UNDECIDED)),
        Matter(_("Not graded yet"), in_state(State.WAITING)),
        Matter(_("Cannot be read"), in_state(State.UNREADABLE)),
        Matter(_("Not on the roster"), of(grades.unmatched)),
        Matter(
            _("Unclear whose"),
            tuple(
                Who(f"{u.attempt.name or u.attempt.student}: {', '.join(p.name or p.student for p in u.people)}", "")
                for u in grades.unclear
            ),
        ),
        Matter(
            _("Entries for students who are not in the book"),
            tuple(Who(f"{e.id}: {e.student}", "") for e in grades.stray),
        ),
        Matter(_("Missing"), of(grades.missing)),
    ]
    return [matter for matter in found if matter.about]
