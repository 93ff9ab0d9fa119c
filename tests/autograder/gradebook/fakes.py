"""Results, keys and times for tests of the book, made without grading anything."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from autograder.gradebook import Key
from autograder.handins import Attempt
from autograder.verdict import SCHEMA, CheckResult, Status, SubmissionRef, SubmissionResult

START = datetime(2026, 9, 1, tzinfo=UTC)
GOOD, POOR, BAD = b"good = 1\n", b"poor = 1\n", b"bad = 1\n"


class Clock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def key(content: bytes = GOOD, *, grader: str = "g1", assignment: str = "a1", environment: str = "e1") -> Key:
    return Key(sha(content), assignment, grader, environment, 0)


def result(
    content: bytes = GOOD,
    *,
    first: Status = Status.PASSED,
    second: Status = Status.PASSED,
    numpy: str = "2.3",
    message: str = "told",
) -> SubmissionResult:
    """Make a result of two checks of the CNN, worth 60 and 40 points here."""
    checks = tuple(
        CheckResult(
            id=check,
            title=check,
            status=status,
            score=points if status is Status.PASSED else 0.0,
            max_score=points,
            visibility="visible",
            seconds=0.1,
            message=message,
        )
        for check, status, points in (("conv2d.forward", first, 60.0), ("conv2d.grad_bias", second, 40.0))
    )
    return SubmissionResult(
        schema=SCHEMA,
        assignment="cnn",
        submission=SubmissionRef("somewhere/assignment.py", sha(content)),
        score=sum(c.score for c in checks),
        max_score=100.0,
        sandbox="limits",
        seed=0,
        language="en",
        environment={"numpy": numpy, "system": "Linux 6.1", "cores": "2"},
        timing={},
        checks=checks,
    )


def attempt(student: str, content: bytes | None = GOOD, *, number: int = 1, **more: object) -> Attempt:
    """Make an attempt; without content, one that cannot be read."""
    known = {"problem": "" if content is not None else "it is a picture", **more}
    return Attempt(student=student, number=number, content=content, **known)  # type: ignore[arg-type] # as `more` has them
