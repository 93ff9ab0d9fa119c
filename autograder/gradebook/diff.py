"""What would move if the results that wait were accepted: whose score, why, and in which checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from autograder.gradebook.keys import relevant
from autograder.gradebook.records import Verdict
from autograder.words import _

if TYPE_CHECKING:
    from autograder.gradebook.book import Book
    from autograder.gradebook.course import ClassRules
    from autograder.gradebook.records import Stored
    from autograder.gradebook.view import Row
    from autograder.verdict import CheckResult, SubmissionResult


class CheckMove(NamedTuple):
    """A check whose verdict or points are others; None where it did not run. message: the first line of the new one."""

    check: str
    before: Verdict | None
    after: Verdict | None
    message: str


@dataclass(frozen=True, slots=True)
class Move:
    """A result that waits, of one attempt of one student.

    before, after: the student's line as it is, and as it would be with all that waits accepted.
    number: of the attempt. counts: the result that does; waits: the one that would.
    why: what it was reached with that is another, in words.
    """

    before: Row
    after: Row
    number: int
    counts: Stored
    waits: Stored
    why: tuple[str, ...]
    checks: tuple[CheckMove, ...]

    @property
    def scores(self) -> bool:
        """Whether the student's score becomes another."""
        return self.before.score != self.after.score


def moves(book: Book, assignment: str, rules: ClassRules | None = None) -> list[Move]:
    """List what waits to be accepted, in the order of the gradebook."""
    with book.reading():
        before = book.gradebook(assignment, rules)
        after = {r.student: r for r in book.gradebook(assignment, rules, accept_all=True).rows}
        return [
            _move(book, row, after[row.student], attempt.number, attempt.result, attempt.waits)
            for row in before.rows
            for attempt in row.attempts
            if attempt.waits is not None and attempt.result is not None
        ]


def compared(book: Book, old: Stored, new: Stored) -> tuple[tuple[str, ...], tuple[CheckMove, ...]]:
    """Return what is another about two results of one hand-in: what they were reached with, in words, and verdicts."""
    a, b = book.result(old.id), book.result(new.id)
    return _why(old, new, a, b), _checks(a, b)


def _move(book: Book, before: Row, after: Row, number: int, counts: Stored, waits: Stored) -> Move:
    return Move(before, after, number, counts, waits, *compared(book, counts, waits))


def _why(counts: Stored, waits: Stored, old: SubmissionResult, new: SubmissionResult) -> tuple[str, ...]:
    said = {
        "assignment": _("the assignment changed"),
        "grader": _("the grader changed"),
        "environment": _("the environment changed: {what}", what=_environment(old, new)),
        "seed": _("another seed: {old} -> {new}", old=old.seed, new=new.seed),
    }
    changed = tuple(said[part] for part in waits.key.changed(counts.key))
    return changed or (_("nothing changed: its verdicts differ from one run to the next"),)


def _environment(old: SubmissionResult, new: SubmissionResult) -> str:
    a = {**relevant(old.environment), "sandbox": old.sandbox}
    b = {**relevant(new.environment), "sandbox": new.sandbox}
    names = [n for n in dict.fromkeys([*a, *b]) if a.get(n) != b.get(n)]
    return ", ".join(f"{n} {a.get(n, '-')} -> {b.get(n, '-')}" for n in names)


def _checks(old: SubmissionResult, new: SubmissionResult) -> tuple[CheckMove, ...]:
    a, b = {c.id: c for c in old.checks}, {c.id: c for c in new.checks}
    pairs = [(check, a.get(check), b.get(check)) for check in dict.fromkeys([*a, *b])]
    return tuple(
        CheckMove(check, _verdict(x), _verdict(y), y.message.partition("\n")[0] if y else "")
        for check, x, y in pairs
        if _verdict(x) != _verdict(y)
    )


def _verdict(check: CheckResult | None) -> Verdict | None:
    return Verdict(check.id, check.status, check.score, check.max_score) if check else None
