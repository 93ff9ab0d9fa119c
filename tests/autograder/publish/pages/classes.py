"""A class in a gradebook, made without grading anything: right, wrong, late, missing, unreadable, nobody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import msgspec

from autograder.gradebook import Book, ClassRules, Kind
from autograder.gradebook.late import LatePolicy
from autograder.handins import Attempt, Id, Person
from autograder.verdict import Status, SubmissionRef, SubmissionResult
from tests.autograder.gradebook.fakes import Clock, key, sha
from tests.autograder.publish.pages.samples import SOURCE, rich_result

if TYPE_CHECKING:
    from pathlib import Path

SEOUL = timezone(timedelta(hours=9))
DUE = datetime(2026, 10, 31, 23, 59, tzinfo=SEOUL)
RULES = ClassRules(late={"cnn": LatePolicy(deadline=DUE, penalty_percent=10, cap_percent=50)})
FAMILIES = ("Kim", "Lee", "Park", "Choi", "Jung", "Kang", "Yoon", "Im")
GIVEN = ("Minsu", "Seoyeon", "Jiho", "Haeun", "Doyun", "Yuna", "Junseo")


def source_of(number: int) -> bytes:
    """Return the source of a student's hand-in: no two alike."""
    return f"{SOURCE}\n# {number}\n".encode()


def make_class(path: Path, students: int, *, light: bool = False) -> Book:
    """Make a book of a class. light: with short results, where it is about how many there are."""
    book = Book(path, clock=Clock())
    people = [
        Person(f"s{n:04}", f"{GIVEN[n % 7]} {FAMILIES[n % 8]}", {Id.EMAIL: f"s{n:04}@example.org"})
        for n in range(students)
    ]
    full = rich_result()
    with book.writing():
        book.add_roster(people)
        attempts = []
        for n, person in enumerate(people):
            if n % 10 == 9:
                continue  # missing
            came = datetime(2026, 10, 20, 8, tzinfo=UTC) + timedelta(hours=37 * n % 330)
            attempts.append(_attempt(person.student, source_of(n), came))
            if n % 3 == 0:
                attempts.append(_attempt(person.student, source_of(n + students), came + timedelta(hours=9), number=2))
        attempts.append(_attempt("stranger", source_of(-1), DUE))
        attempts.append(
            Attempt(student="s0009", number=1, origin="s0009/a.zip", problem="expected a zip, got a picture")
        )
        book.add_attempts("cnn", attempts)
        for n, attempt in enumerate(attempts):
            if attempt.content is not None:
                book.add_result("cnn", key(attempt.content), _result(full, attempt.content, n, light=light))
    book.enter(
        Kind.SCORE, who="ta", why="the disk was full; graded by hand", assignment="cnn", student="s0001", points=70
    )
    book.enter(
        Kind.CHECK,
        who="ta",
        why="the message asks for what the handout leaves open",
        assignment="cnn",
        student="s0000",
        hand_in=sha(source_of(0)),
        part="conv2d.grad_weight",
        points=7.5,
    )
    again = msgspec.structs.replace(_result(full, source_of(2), 1, light=light), score=100.0)
    book.add_result("cnn", key(source_of(2), grader="g2"), again)
    return book


def _attempt(student: str, content: bytes, came: datetime, number: int = 1) -> Attempt:
    return Attempt(
        student=student, number=number, submitted_at=came, origin=f"{student}/assignment.py", content=content
    )


def _result(full: SubmissionResult, content: bytes, n: int, *, light: bool) -> SubmissionResult:
    """Vary a result: other numbers in its messages, and every so often a check that passes, or a fault."""
    checks = []
    for i, c in enumerate(full.checks):
        better = (n * 7 + i * 5) % 4 and c.status is not Status.PASSED
        status = c.status if c.status is not Status.GRADER_FAULT or n % 50 == 0 else Status.FAILED
        if better and status is not Status.GRADER_FAULT:
            status = Status.PASSED
        checks.append(
            msgspec.structs.replace(
                c,
                status=status,
                score=c.max_score if status is Status.PASSED else 0.0,
                message=c.message.replace("118 of 120", f"{100 + n % 20} of 120"),
                evidence={"cause": c.evidence["cause"]}
                if light and "cause" in c.evidence
                else {}
                if light
                else c.evidence,
            )
        )
    return msgspec.structs.replace(
        full,
        submission=SubmissionRef(f"s{n}/assignment.py", sha(content)),
        seed=0,
        score=sum(c.score for c in checks),
        checks=tuple(checks),
    )
