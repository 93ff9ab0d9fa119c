"""The book: what a class handed in, every result there ever was, and what people decided. It is only added to."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import msgspec

from autograder.gradebook.entries import Details, Entry, Kind, undone
from autograder.gradebook.keys import Key
from autograder.gradebook.make import make_gradebook
from autograder.gradebook.records import Pending, Stored, StoredAttempt
from autograder.gradebook.store import BookError, Store
from autograder.handins import Attempt, Id, Person
from autograder.verdict import SubmissionResult
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from autograder.assignment import Written
    from autograder.gradebook.course import ClassRules
    from autograder.gradebook.view import Gradebook


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class _AttemptRow(NamedTuple):
    """An attempt as its table has it; see `schema`."""

    student: str
    ids: str
    number: int
    submitted_at: str | None
    hand_in: str | None
    late: int
    name: str
    problem: str
    origin: str


def _place(row: _AttemptRow) -> object:
    """Return what two rows share if the later one may correct the earlier, or be the same told again.

    Where no time is told, a place is the student's attempt of that number, and the latest row there is what a download
    would tell again.
    """
    return row[:3] if row.submitted_at is None else row[:5]


def _corrects(row: _AttemptRow, before: _AttemptRow) -> bool:
    """Tell whether a row corrects the one before it in its place; else it is an attempt of its own.

    The same content that is late now, and was not, was uploaded again, unless its time says that it is the same.
    """
    return row.hand_in == before.hand_in and (row.submitted_at is not None or row.late <= before.late)


class Book(Store):
    """A gradebook: one SQLite file. A context manager; for the thread that opened it.

    Several processes may have it open, and write: each waits for the other.
    clock: what says when a row was written.
    """

    def __init__(self, path: Path, *, create: bool = True, clock: Callable[[], datetime] = utc_now) -> None:
        """Open the book at `path`; `create` it if there is none. Raises BookError, see `Store`."""
        super().__init__(path, create=create)
        self._clock = clock

    # ---- what came ---------------------------------------------------------------------------------------

    def add_roster(self, people: Sequence[Person]) -> None:
        """Say who is in the class from now on. Nothing is written if the latest roster says the same."""
        said = msgspec.json.encode([(p.student, p.name, p.ids) for p in people], order="sorted").decode()
        with self.writing():
            if self._latest_roster() != said:
                self.insert("roster", at=self.now(), people=said)

    def roster(self) -> list[Person]:
        """List who is in the class, in the roster's order; nobody, if no roster ever came."""
        with self.reading():
            said = msgspec.json.decode(self._latest_roster(), type=list[tuple[str, str, dict[Id, str]]])
        return [Person(*person) for person in said]

    def add_attempts(self, assignment: str, attempts: Sequence[Attempt]) -> None:
        """Add what was handed in, as `collect` tells it. What is known already is not added again.

        Each content is kept once. What cannot be read is kept with its problem. To whom on the roster an attempt
        belongs is found out when the book is read, so that a roster that comes later, or is corrected, will do.
        Where no time is told, a content that is not the latest of its kind is a later attempt, also if it came before.
        """
        with self.writing():
            known = {_place(row): row for row in self._attempt_rows(assignment).values()}
            for attempt in attempts:
                hand_in = None if attempt.content is None else hashlib.sha256(attempt.content).hexdigest()
                row = _AttemptRow(
                    attempt.student,
                    msgspec.json.encode(attempt.ids, order="sorted").decode(),
                    attempt.number,
                    _utc(attempt.submitted_at) if attempt.submitted_at else None,
                    hand_in,
                    int(attempt.late),
                    attempt.name,
                    attempt.problem,
                    attempt.origin,
                )
                latest = known.get(_place(row))
                if latest is not None and latest._replace(origin=row.origin) == row:
                    continue
                known[_place(row)] = row
                if hand_in is not None and self.one("SELECT 1 FROM content WHERE sha256 = ?", hand_in) is None:
                    self.insert("content", sha256=hand_in, bytes=attempt.content)
                self.insert("attempt", at=self.now(), assignment=assignment, **row._asdict())

    def attempts(self, assignment: str) -> list[StoredAttempt]:
        """List what was handed in, in the order in which it came to be known, each as it was last told."""
        found: dict[int, StoredAttempt] = {}
        latest: dict[object, tuple[int, _AttemptRow]] = {}
        with self.reading():
            for number, row in self._attempt_rows(assignment).items():
                first, before = latest.get(_place(row), (number, row))
                if not _corrects(row, before):
                    first = number
                latest[_place(row)] = first, row
                attempt = Attempt(
                    student=row.student,
                    name=row.name,
                    ids=msgspec.json.decode(row.ids, type=dict[Id, str]),
                    number=row.number,
                    submitted_at=datetime.fromisoformat(row.submitted_at) if row.submitted_at else None,
                    late=bool(row.late),
                    origin=row.origin,
                    problem=row.problem,
                )
                found[first] = StoredAttempt(first, row.hand_in or "", attempt)
        return list(found.values())

    def content(self, hand_in: str) -> bytes:
        """Return what was handed in, by its SHA-256. Raises BookError if the book does not have it."""
        with self.reading():
            row = self.one("SELECT bytes FROM content WHERE sha256 = ?", hand_in)
        if row is None:
            raise BookError(
                _(
                    "{path}: expected a hand-in that is in the book, got the SHA-256 {hand_in}.",
                    path=self.path,
                    hand_in=hand_in,
                )
            )
        content: bytes = row[0]
        return content

    def assignments(self) -> list[str]:
        """Name the assignments that anything was handed in for."""
        with self.reading():
            return [row[0] for row in self.rows("SELECT DISTINCT assignment FROM attempt ORDER BY assignment")]

    def seed(self, assignment: str, wanted: int | None = None) -> int:
        """Return the seed that an assignment is graded with, from the first time on: the same for everybody.

        wanted: the one to begin with; without it, one is drawn, so that nobody knows it before.
        Raises BookError if it began with another.
        """
        with self.writing():
            row = self.one("SELECT seed FROM seed WHERE assignment = ?", assignment)
            if row is None:
                drawn = secrets.randbits(32) if wanted is None else wanted
                self.insert("seed", assignment=assignment, at=self.now(), seed=drawn)
                return drawn
        seed: int = row[0]
        if wanted not in (None, seed):
            raise BookError(
                _(
                    "--seed: expected {seed}, which {assignment} is graded with in this book, got {wanted}. "
                    "Leave it out, or name another book.",
                    seed=seed,
                    assignment=assignment,
                    wanted=wanted,
                )
            )
        return seed

    # ---- results -----------------------------------------------------------------------------------------

    def pending(self, assignment: str, key_of: Callable[[str], Key]) -> list[Pending]:
        """List the hand-ins, each content once, that have no result under the key that they have now.

        key_of: from the SHA-256 of a hand-in. A result in which the grader failed is none: it is tried again.
        """
        with self.reading():
            done = {r.key for r in self._results(assignment) if not r.faulty}
            waiting = {a.hand_in: Pending(a.hand_in, a.attempt.origin) for a in reversed(self.attempts(assignment))}
        waiting.pop("", None)
        return [p for p in reversed(waiting.values()) if key_of(p.hand_in) not in done]

    def add_result(self, assignment: str, key: Key, result: SubmissionResult) -> int:
        """Add a result, and return its number. When this returns, the result is on the disk.

        Raises ValueError if the key is of another hand-in or seed, BookError if the book does not have the hand-in.
        """
        if (key.hand_in, key.seed) != (result.submission.sha256, result.seed):
            raise ValueError(f"add_result: expected the key of this result, got {key} for {result.submission}.")
        with self.writing():
            if self.one("SELECT 1 FROM content WHERE sha256 = ?", key.hand_in) is None:
                raise BookError(
                    _(
                        "{path}: expected a hand-in that is in the book, got the SHA-256 {hand_in}.",
                        path=self.path,
                        hand_in=key.hand_in,
                    )
                )
            return self.insert(
                "result",
                at=self.now(),
                assignment=assignment,
                hand_in=key.hand_in,
                assignment_sha256=key.assignment,
                grader_sha256=key.grader,
                environment_sha256=key.environment,
                seed=key.seed,
                score=result.score,
                max_score=result.max_score,
                faulty=int(result.faulty),
                verdicts=msgspec.json.encode(
                    [(c.id, c.status, float(c.score), float(c.max_score)) for c in result.checks]
                ).decode(),
                json=msgspec.json.encode(result),
            )

    def results(self, assignment: str) -> dict[str, list[Stored]]:
        """Return every result there is, in short, by hand-in, in the order in which they came."""
        found: dict[str, list[Stored]] = {}
        with self.reading():
            for stored in self._results(assignment):
                found.setdefault(stored.key.hand_in, []).append(stored)
        return found

    def result(self, number: int) -> SubmissionResult:
        """Return a result, whole, by its number. Raises BookError if there is none."""
        with self.reading():
            row = self.one("SELECT json FROM result WHERE id = ?", number)
        if row is None:
            raise BookError(_("{path}: expected the number of a result, got {number}.", path=self.path, number=number))
        return msgspec.json.decode(row[0], type=SubmissionResult)

    # ---- what people did -----------------------------------------------------------------------------------

    def enter(
        self,
        kind: Kind,
        *,
        who: str,
        why: str,
        assignment: str | None = None,
        student: str | None = None,
        **details: Unpack[Details],
    ) -> int:
        """Add an entry, and return its number. `acts` has what checks that it makes sense."""
        values: dict[str, object] = {**details}
        if "until" in details:
            values["until"] = _utc(details["until"])
        with self.writing():
            return self.insert(
                "entry",
                at=self.now(),
                who=who,
                why=why,
                kind=kind.value,
                assignment=assignment,
                student=student,
                **values,
            )

    def entries(self, assignment: str | None = None) -> list[Entry]:
        """List what people did, in the order in which they did it: all, or what concerns one assignment."""
        with self.reading():
            by = undone(self.rows("SELECT id, undoes FROM entry WHERE undoes IS NOT NULL"))
            fields = Entry.__slots__[:-1]
            read = self.rows(f"SELECT {', '.join(fields)} FROM entry ORDER BY id")  # noqa: S608 (names are ours)
            found = [_entry(dict(zip(fields, row, strict=True)), by) for row in read]
        if assignment is None:
            return found
        concerned = {e.id for e in found if e.assignment == assignment}
        for e in found:
            if e.undoes in concerned:
                concerned.add(e.id)
        return [e for e in found if e.id in concerned]

    # ---- what comes of it ----------------------------------------------------------------------------------

    def gradebook(
        self,
        assignment: str,
        rules: ClassRules | None = None,
        written: Sequence[Written] = (),
        *,
        accept_all: bool = False,
    ) -> Gradebook:
        """Return what everybody's score in an assignment is, and why.

        written: its parts that people grade. accept_all: as if every result that waits had been accepted.
        """
        with self.reading():
            return make_gradebook(self, assignment, rules, written, accept_all=accept_all)

    def faults(self) -> list[str]:
        """Say what is wrong with the file; nothing, unless the disk or another program damaged it."""
        found = super().faults()
        with self.reading():
            for sha256, content in self.rows("SELECT sha256, bytes FROM content"):
                if hashlib.sha256(content).hexdigest() != sha256:
                    found.append(f"content {sha256}: other bytes than those of this SHA-256")
            for number, score, json in self.rows("SELECT id, score, json FROM result"):
                if msgspec.json.decode(json, type=SubmissionResult).score != score:
                    found.append(f"result {number}: another score than its JSON says")
        return found

    def _results(self, assignment: str) -> Iterator[Stored]:
        for number, at, *key, score, max_score, faulty, verdicts in self.rows(
            "SELECT id, at, hand_in, assignment_sha256, grader_sha256, environment_sha256, seed, "
            "score, max_score, faulty, verdicts FROM result WHERE assignment = ? ORDER BY id",
            assignment,
        ):
            yield Stored(number, datetime.fromisoformat(at), Key(*key), score, max_score, bool(faulty), verdicts)

    def _attempt_rows(self, assignment: str) -> dict[int, _AttemptRow]:
        """Return the rows of what was handed in, by their numbers, in their order."""
        columns = ", ".join(_AttemptRow._fields)
        read = self.rows(f"SELECT id, {columns} FROM attempt WHERE assignment = ? ORDER BY id", assignment)  # noqa: S608 (names are ours)
        return {number: _AttemptRow(*row) for number, *row in read}

    def _latest_roster(self) -> str:
        row = self.one("SELECT people FROM roster ORDER BY id DESC LIMIT 1")
        return "[]" if row is None else row[0]

    def now(self) -> str:
        """Return the time, as the book has it."""
        return _utc(self._clock())


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


def _entry(row: dict[str, Any], undone_by: dict[int, int]) -> Entry:
    row["at"] = datetime.fromisoformat(row["at"])
    row["until"] = row["until"] and datetime.fromisoformat(row["until"])
    row["kind"] = Kind(row["kind"])
    for name in ("assignment", "student", "hand_in", "part"):
        row[name] = row[name] or ""
    return Entry(**row, undone_by=undone_by.get(row["id"], 0))
