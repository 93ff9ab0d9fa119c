"""What people do to a book: checked to make sense, then entered, with who and why."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from autograder.gradebook.diff import moves
from autograder.gradebook.entries import Details, Kind
from autograder.gradebook.store import BookError
from autograder.gradebook.view import MAX_SCORE
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from autograder.assignment import Assignment
    from autograder.gradebook.book import Book
    from autograder.gradebook.course import ClassRules
    from autograder.gradebook.diff import Move
    from autograder.gradebook.view import Row, Scored

MOST_DAYS = 1000
"""What an attempt may be said to be late by; anything more is a slip of the keys."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at the book of one assignment. Each act returns the number of its entry, by which it is undone.

    Every act raises BookError for a student, check, part or attempt that there is not (and names the nearest),
    for points out of range, and for a reason that is missing.
    """

    book: Book
    assignment: Assignment
    rules: ClassRules
    who: str

    def set_score(self, student: str, points: float, why: str) -> int:
        """Set what all checks of a student come to, whatever their verdicts and however late."""
        row = self.row(student)
        _in_range(points, MAX_SCORE, _("the score of the checks"))
        return self._enter(Kind.SCORE, row, why, points=points)

    def set_check(self, student: str, check: str, points: float, why: str, attempt: int | None = None) -> int:
        """Set the points of one check, on the attempt that counts, or on another."""
        row = self.row(student)
        most = {c.id: settings.points for c, settings in self.assignment.checks}
        if check not in most:
            raise BookError(_unknown(_("a check of {assignment}", assignment=self.assignment.name), check, most))
        _in_range(points, most[check], check)
        return self._enter(Kind.CHECK, row, why, hand_in=_readable(row, attempt).hand_in, part=check, points=points)

    def mark(self, student: str, part: str, points: float, why: str) -> int:
        """Grade a written part."""
        return self.mark_all([(student, part, points, why)])[0]

    def mark_all(self, marks: Iterable[tuple[str, str, float, str]]) -> list[int]:
        """Grade written parts, each with student, part, points and why: all of them, or none if one makes no sense."""
        most = {w.id: w.points for w in self.assignment.config.written}
        rows = self.rows()
        entered = []
        with self.book.writing():
            for student, part, points, why in marks:
                row = find_row(rows, student)
                if part not in most:
                    what = _("a written part of {assignment}", assignment=self.assignment.name)
                    raise BookError(_unknown(what, part, most))
                _in_range(points, most[part], f"{student}, {part}")
                entered.append(self._enter(Kind.MARK, row, why, part=part, points=points))
        return entered

    def extend(self, student: str, until: datetime, why: str) -> int:
        """Move a student's deadline, later or earlier."""
        if self.assignment.name not in self.rules.late:
            raise BookError(
                _(
                    "{assignment}: expected a deadline to extend, found no [late.{assignment}] in class.toml.",
                    assignment=self.assignment.name,
                )
            )
        return self._enter(Kind.EXTENSION, self.row(student), why, until=until)

    def set_days_late(self, student: str, days: int, why: str, attempt: int | None = None) -> int:
        """Say how many days late an attempt is, where the download does not tell, or tells wrong; 0 is on time."""
        if not 0 <= days <= MOST_DAYS:
            raise BookError(
                _("{student}: expected 0 to {most} days late, got {days}.", student=student, most=MOST_DAYS, days=days)
            )
        row = self.row(student)
        of = _readable(row, attempt)
        return self._enter(Kind.DAYS_LATE, row, why, hand_in=of.hand_in, part=str(of.id), points=float(days))

    def accept(self, student: str | None, why: str) -> list[Move]:
        """Let results that wait count: all, or one student's. Returns what moved."""
        only = self.row(student).student if student is not None else None
        with self.book.writing():
            accepted = [
                m for m in moves(self.book, self.assignment.name, self.rules) if only in (None, m.before.student)
            ]
            for m in accepted:
                self._enter(Kind.ACCEPT, m.before, why or "; ".join(m.why), result=m.waits.id)
        return accepted

    def undo(self, number: int, why: str) -> int:
        """Undo an entry; an undo too."""
        with self.book.writing():
            entries = {e.id: e for e in self.book.entries(self.assignment.name)}
            if number not in entries:
                raise BookError(
                    _(
                        "expected the number of an entry of {assignment}, got {number}. "
                        "`autograder book history` has them.",
                        assignment=self.assignment.name,
                        number=number,
                    )
                )
            if by := next((e for e in entries.values() if e.undoes == number), None):
                raise BookError(
                    _(
                        "entry {number} was undone by entry {by} ({who}). To bring it back, undo entry {by}.",
                        number=number,
                        by=by.id,
                        who=by.who,
                    )
                )
            return self._enter(Kind.UNDO, None, why, undoes=number)

    def row(self, student: str) -> Row:
        """Find a student by key, name or any identifier, if that is one person's."""
        return find_row(self.rows(), student)

    def rows(self) -> Sequence[Row]:
        """List the lines of the gradebook."""
        return self.book.gradebook(self.assignment.name, self.rules, self.assignment.config.written).rows

    def _enter(self, kind: Kind, row: Row | None, why: str, **details: Unpack[Details]) -> int:
        if not why.strip():
            raise BookError(_("expected a reason, got none. Say why: it is shown wherever the score is."))
        if not self.who.strip():
            raise BookError(_("expected a name for who does this, got none. Give it with --who."))
        return self.book.enter(
            kind,
            who=self.who.strip(),
            why=why.strip(),
            assignment=self.assignment.name,
            student=row.student if row else None,
            **details,
        )


def find_row(rows: Sequence[Row], student: str) -> Row:
    """Find a student by key; else by name or identifier, whatever its case, if that is one person's."""
    for row in rows:
        if row.student == student:
            return row
    wanted = student.strip().casefold()
    found = [r for r in rows if wanted in {r.student.casefold(), r.name.casefold(), *map(str.casefold, r.ids.values())}]
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(r.student for r in found)
        raise BookError(_("expected one student, got {student!r}, which fits {keys}.", student=student, keys=keys))
    names = {name: None for r in rows for name in (r.student, r.name, *r.ids.values()) if name}
    raise BookError(_unknown(_("a student of this gradebook"), student, names))


def _readable(row: Row, number: int | None) -> Scored:
    """Return the attempt of this number, or the one that counts."""
    attempt = row.counts if number is None else next((a for a in row.attempts if a.number == number), None)
    if attempt is None:
        raise BookError(
            _(
                "{student}: expected one of {count} attempts, got number {number}.",
                student=row.student,
                count=len(row.attempts),
                number=number,
            )
            if row.attempts
            else _("{student}: handed nothing in. Set the whole score: leave --check out.", student=row.student)
        )
    if not attempt.hand_in:
        raise BookError(
            _(
                "{student}: attempt {number} cannot be read ({problem}). Set the whole score instead.",
                student=row.student,
                number=attempt.number,
                problem=attempt.attempt.problem,
            )
        )
    return attempt


def _in_range(points: float, most: float, what: str) -> None:
    if not 0 <= points <= most:
        raise BookError(
            _("{what}: expected 0 to {most:g} points, got {points:g}.", what=what, most=most, points=points)
        )


def _unknown(what: str, got: str, known: Mapping[str, object] | Iterable[str]) -> str:
    """Say that there is no such thing, and what is nearest."""
    names = list(known)
    lower = {n.casefold(): n for n in names}
    near = difflib.get_close_matches(got.casefold(), lower, n=1, cutoff=0.5)
    if near:
        return _("expected {what}, got {got!r}. Do you mean {near!r}?", what=what, got=got, near=lower[near[0]])
    if 0 < len(names) <= 40:
        return _("expected {what}, got {got!r}. There are: {names}.", what=what, got=got, names=", ".join(names))
    return _("expected {what}, got {got!r}; {count} others are known.", what=what, got=got, count=len(names))
