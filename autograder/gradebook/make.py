"""Making the gradebook from the ledger, afresh whenever it is asked for.

A score comes about in this order: the verdicts of the result that counts; the points that somebody set for single
checks; what being late costs; then, in place of all that, the score that somebody set. Written parts come on top.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograder.gradebook.course import ClassRules
from autograder.gradebook.entries import Entry, Kind
from autograder.gradebook.late import Late, Lateness
from autograder.gradebook.view import MAX_SCORE, Gradebook, Row, Scored, State, Unclear, settled
from autograder.handins import Matched, Person, match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from autograder.assignment import Written
    from autograder.gradebook.book import Book
    from autograder.gradebook.records import Stored, StoredAttempt
    from autograder.handins import Attempt


def make_gradebook(
    book: Book,
    assignment: str,
    rules: ClassRules | None = None,
    written: Sequence[Written] = (),
    *,
    accept_all: bool = False,
) -> Gradebook:
    """Make the gradebook of an assignment. Late days go to assignments with an earlier deadline first.

    accept_all: as if every result that waits had been accepted.
    """
    rules = rules or ClassRules()
    people = book.roster()
    left: dict[str, int] = defaultdict(lambda: rules.late_days)
    if rules.late_days and assignment in rules.late:
        for earlier in rules.late:
            if earlier == assignment:
                break
            for row in _Lines(book, earlier, rules, people).rows(left):
                left[row.student] = row.late_days_left
    lines = _Lines(book, assignment, rules, people, written, accept_all=accept_all)
    return Gradebook(assignment, rules.late.get(assignment), tuple(lines.rows(left)), lines.unclear, lines.stray)


@dataclass(frozen=True, slots=True)
class _Known:
    """An attempt as the book has it, and as the roster makes it known."""

    stored: StoredAttempt
    attempt: Attempt


class _Lines:
    """What the lines of an assignment's gradebook are made from."""

    def __init__(
        self,
        book: Book,
        assignment: str,
        rules: ClassRules,
        people: Sequence[Person],
        written: Sequence[Written] = (),
        *,
        accept_all: bool = False,
    ) -> None:
        self.people = {p.student: p for p in people}
        self.rules = rules
        self.policy = rules.late.get(assignment)
        self.written = written
        self.accept_all = accept_all
        self.results = book.results(assignment)
        self.attempts, self.unclear = _by_person(book.attempts(assignment), people)
        self.history, self.stray = _by_line(book.entries(assignment), {*self.people, *self.attempts}, self.attempts)

    def rows(self, late_days: Mapping[str, int]) -> list[Row]:
        """Make every line: the roster's, in its order, then those of others, by name. late_days: what each has left."""
        others = sorted(self.attempts.keys() - self.people.keys())
        return [self._row(student, late_days[student]) for student in (*self.people, *others)]

    def _row(self, student: str, late_days: int) -> Row:
        known = self.attempts.get(student, [])
        person = self.people.get(student) or Person(student, known[-1].attempt.name, known[-1].attempt.ids)
        history = self.history[student]
        entries = _holding(history)
        set_score = next((e.points for e in entries if e.kind is Kind.SCORE), None)
        available = late_days if set_score is None else 0
        attempts = [self._scored(n, k, entries, available) for n, k in enumerate(known, 1)]
        counts = _counting(attempts, self.rules.attempts)
        used = counts.late.late_days if counts else 0
        marks = {e.part: e.points or 0.0 for e in entries if e.kind is Kind.MARK}
        return Row(
            student=student,
            name=person.name,
            ids=person.ids,
            on_roster=not self.people or student in self.people,
            attempts=tuple(attempts),
            counts=counts,
            checks=set_score if set_score is not None or counts is None else counts.score,
            max_checks=MAX_SCORE,
            written={w.id: marks[w.id] for w in self.written if w.id in marks},
            max_written=sum(w.points for w in self.written),
            unmarked=tuple(w.id for w in self.written if w.id not in marks),
            entries=tuple(entries),
            history=tuple(history),
            late_days_left=late_days - used,
            state=_state(attempts, counts, entries, self.rules.attempts),
        )

    def _scored(self, number: int, known: _Known, entries: Sequence[Entry], late_days: int) -> Scored:
        """Score one attempt, with as many of the student's late days as help it."""
        hand_in = known.stored.hand_in
        accepted = {e.result for e in entries if e.kind is Kind.ACCEPT}
        result, waits, fault = counting(self.results.get(hand_in, ()), None if self.accept_all else accepted)
        raw = 0.0 if not hand_in else None if result is None else raw_score(result, hand_in, entries)
        late = self._late(known, entries)
        score = raw
        if raw is not None and self.policy is not None and late.days:
            max_score = result.max_score if result else MAX_SCORE
            used, penalty = self.policy.best_use(late.days, late_days, raw, max_score)
            late = late._replace(late_days=used, penalty=round(penalty, 6))
            score = round(raw - penalty, 6)
        return Scored(known.stored.id, number, known.attempt, hand_in, result, waits, fault, late, raw, score)

    def _late(self, known: _Known, entries: Sequence[Entry]) -> Late:
        """Find out how late an attempt is, before any late days."""
        if self.policy is None:
            return Late()
        extension: datetime | None = next((e.until for e in entries if e.kind is Kind.EXTENSION), None)
        due = self.policy.due(extension)
        attempt, of = known.attempt, known.stored
        decided = [e for e in entries if e.kind is Kind.DAYS_LATE and e.hand_in == of.hand_in]
        said = next((e.points for e in reversed(decided) if e.part in {"", str(of.id)}), None)
        if said is not None:
            return Late(Lateness.LATE if said else Lateness.ON_TIME, due, int(said), decided=True)
        if attempt.submitted_at is None:
            return Late(Lateness.UNKNOWN if attempt.late else Lateness.ON_TIME, due)
        days = self.policy.days_late(attempt.submitted_at, extension)
        return Late(Lateness.LATE if days else Lateness.ON_TIME, due, days)


def counting(
    results: Iterable[Stored], accepted: AbstractSet[int | None] | None
) -> tuple[Stored | None, Stored | None, Stored | None]:
    """Return, of the results of one hand-in in their order: which counts, which waits for it, and which is a fault.

    The first counts at once; a later one if it was accepted, or has the same verdicts as the one that counts. The
    newest that does not, waits. One in which the grader failed is listed if it is the newest of all, and counts only
    as long as there is no other. accepted: the numbers of those that were; None: as if all were.
    """
    counts: Stored | None = None
    newest: Stored | None = None
    fault: Stored | None = None
    for r in results:
        if r.faulty:
            fault = r
            continue
        fault, newest = None, r
        if counts is None or accepted is None or r.id in accepted or r.written == counts.written:
            counts = r
    waits = newest if newest is not counts else None
    return counts or fault, waits, fault


def raw_score(result: Stored, hand_in: str, entries: Sequence[Entry]) -> float:
    """Return what the checks come to, with the points that somebody set for single ones on this hand-in."""
    points = {e.part: e.points for e in entries if e.kind is Kind.CHECK and e.hand_in == hand_in}
    if not points:
        return result.score
    scores = (v.score if (p := points.get(v.check)) is None else p for v in result.verdicts)
    return round(sum(scores), 6)


def _counting(attempts: Sequence[Scored], rule: str) -> Scored | None:
    """Return the attempt that counts: the last; or the best, and of equals the earliest."""
    if rule == "last" or not attempts:
        return attempts[-1] if attempts else None
    return max(attempts, key=lambda a: (-1.0 if a.score is None else a.score, bool(a.hand_in), -a.number))


def _state(attempts: Sequence[Scored], counts: Scored | None, entries: Sequence[Entry], rule: str) -> State:
    if any(e.kind is Kind.SCORE for e in entries):
        return State.GRADED
    if counts is None:
        return State.MISSING
    considered = attempts if rule == "best" else [counts]
    if any(a.hand_in and a.result is None for a in considered):
        return State.WAITING
    if counts.result is not None and counts.result.faulty and not settled(entries, counts):
        return State.FAULT
    if counts.late.state is Lateness.UNKNOWN:
        return State.UNDECIDED
    return State.GRADED if counts.hand_in else State.UNREADABLE


def _holding(history: Iterable[Entry]) -> list[Entry]:
    """Leave out what was undone, and what a later entry on the same matter replaced."""
    latest: dict[tuple[object, ...], Entry] = {}
    for e in history:
        if not e.undone_by and e.kind is not Kind.UNDO:
            latest[e.kind, e.hand_in, e.part, e.result] = e
    return sorted(latest.values(), key=lambda e: e.id)


def _by_line(
    entries: Iterable[Entry], lines: AbstractSet[str], attempts: Mapping[str, Sequence[_Known]]
) -> tuple[dict[str, list[Entry]], tuple[Entry, ...]]:
    """Group entries by the line that they are on, and return those that are on none.

    One that was made before the roster came has the download's word for the student, which is as good where it is the
    word for one only.
    """
    meant: dict[str, set[str]] = defaultdict(set)
    for student, known in attempts.items():
        for k in known:
            meant[k.stored.attempt.student].add(student)
    line_of: dict[int, str] = {}
    found: dict[str, list[Entry]] = defaultdict(list)
    stray = []
    for e in entries:
        student = line_of.get(e.undoes, "") if e.undoes is not None else e.student
        if student not in lines and len(meant[student]) == 1:
            (student,) = meant[student]
        if student in lines:
            line_of[e.id] = student
            found[student].append(e)
        elif not e.undone_by and e.kind is not Kind.UNDO:
            stray.append(e)
    return found, tuple(stray)


def _by_person(
    stored: Sequence[StoredAttempt], people: Sequence[Person]
) -> tuple[dict[str, list[_Known]], tuple[Unclear, ...]]:
    """Group attempts by the roster's keys; those that fit nobody, or several, by the account that they came from."""
    by_id = {str(a.id): a for a in stored}
    asked = [replace(a.attempt, origin=str(a.id)) for a in stored]  # what comes back is known by its origin
    matched = match(asked, people) if people else Matched(unmatched=tuple(asked))
    found: dict[str, list[_Known]] = defaultdict(list)
    for attempt in (*matched.attempts, *_of_others(matched, {p.student for p in people})):
        a = by_id[attempt.origin]
        found[attempt.student].append(_Known(a, replace(attempt, origin=a.attempt.origin)))
    for student, known in found.items():
        known.sort(key=lambda k: k.stored.id)
        found[student] = _in_time(known)
    return dict(found), tuple(Unclear(by_id[a.attempt.origin].attempt, a.people) for a in matched.ambiguous)


def _of_others(matched: Matched, taken: set[str]) -> list[Attempt]:
    """Give attempts of nobody on the roster keys of their own: no two accounts share one, and none has a person's."""
    others = (*matched.unmatched, *(a.attempt for a in matched.ambiguous))
    accounts: dict[str, list[list[str]]] = defaultdict(list)
    for a in others:
        if sorted(a.ids.values()) not in accounts[a.student]:
            accounts[a.student].append(sorted(a.ids.values()))
    keys: dict[tuple[str, str], str] = {}
    for student, found in accounts.items():
        for ids in found:
            key = student if len(found) == 1 else f"{student} ({', '.join(ids)})"
            while key in taken:
                key += " (?)"
            taken.add(key)
            keys[student, "\n".join(ids)] = key
    return [replace(a, student=keys[a.student, "\n".join(sorted(a.ids.values()))]) for a in others]


def _in_time(known: list[_Known]) -> list[_Known]:
    """Sort by time, if every time is known; else leave the order in which they came to be known."""
    times = {k.stored.id: k.attempt.submitted_at for k in known}
    told = {number: time for number, time in times.items() if time is not None}
    return sorted(known, key=lambda k: told[k.stored.id]) if len(told) == len(times) else known
