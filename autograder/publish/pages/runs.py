"""Two runs compared: results that wait and those that count, and each hand-in's newest result and the one before it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.gradebook.diff import compared, moves
from autograder.gradebook.tables import points, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from autograder.gradebook import Book, ClassRules, Gradebook, Row
    from autograder.gradebook.diff import CheckMove
    from autograder.publish.pages.failures import Who


@dataclass(frozen=True, slots=True)
class Change:
    """An attempt with two results. before, after: scores. why: what the two were reached with. checks: what moved."""

    who: Who
    attempt: int
    before: str
    after: str
    why: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """In how many attempts a check went from one verdict to another."""

    what: str
    count: int


def waiting(
    book: Book, assignment: str, rules: ClassRules, who: Callable[[Row, int], Who]
) -> tuple[list[Change], list[Flow]]:
    """Compare results that wait with those that count. The scores are the student's, with and without them."""
    changes = [
        Change(
            who(m.before, m.number),
            m.number,
            points(m.before.score),
            points(m.after.score),
            "; ".join(m.why),
            _moved(m.checks),
        )
        for m in moves(book, assignment, rules)
    ]
    return changes, _flows(changes)


def reruns(book: Book, grades: Gradebook, who: Callable[[Row, int], Who]) -> tuple[list[Change], list[Flow]]:
    """Compare the newest result of each attempt with the one before it, where the verdicts are others."""
    stored = book.results(grades.assignment)
    changes = []
    for row in grades.rows:
        for attempt in row.attempts:
            before, after = ([None, None, *stored.get(attempt.hand_in, [])])[-2:]
            if before is None or after is None or before.written == after.written:
                continue
            why, checks = compared(book, before, after)
            score = points(before.score), points(after.score)
            changes.append(Change(who(row, attempt.number), attempt.number, *score, "; ".join(why), _moved(checks)))
    return changes, _flows(changes)


def _moved(checks: Iterable[CheckMove]) -> tuple[str, ...]:
    return tuple(f"{c.check}: {verdicts(c)}" for c in checks)


def _flows(changes: Iterable[Change]) -> list[Flow]:
    counted = Counter(what for change in changes for what in change.checks)
    return [Flow(what, count) for what, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
