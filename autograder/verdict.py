"""Verdicts: what a check, and a whole hand-in, came to. Plain records, written to JSON as they are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

SCHEMA = "numpytorch/result/1"


class Status(StrEnum):
    """How a check ended. Only `passed` earns points; only `grader_fault` is not the hand-in's doing."""

    PASSED = "passed"
    FAILED = "failed"
    """It ran, and its values were wrong."""
    ERROR = "error"
    """The hand-in raised an exception."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    """The process that ran the hand-in ended."""
    FORBIDDEN = "forbidden"
    """The hand-in tampered with the process that ran it."""
    SKIPPED = "skipped"
    """What this check builds on did not pass."""
    GRADER_FAULT = "grader_fault"
    """The grader itself failed: no verdict on the hand-in."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check's verdict, with what a student needs to act on it.

    message: what is right, then the one thing that is wrong: expected, got, where. hint: what to try.
    evidence: the numbers behind the message, as JSON values. seconds: wall-clock, by the grader's clock.
    visibility: "visible" or "hidden", for whoever publishes results.
    """

    id: str
    title: str
    status: Status
    score: float
    max_score: float
    visibility: str
    seconds: float
    message: str
    hint: str = ""
    evidence: dict[str, Any] = {}


class SubmissionRef(msgspec.Struct, frozen=True):
    """Which hand-in: where it was read from, and the SHA-256 of its bytes."""

    path: str
    sha256: str


class SubmissionResult(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts on one hand-in, and what they were reached with.

    sandbox: the tier that held the hand-in. seed: what every random choice of the grader came from.
    language: of titles, messages and hints: "en" or "ko"; all else is the same in each.
    environment: versions and machine. timing: seconds by stage, and the peak memory of the worker in MiB.
    """

    schema: str
    assignment: str
    submission: SubmissionRef
    score: float
    max_score: float
    sandbox: str
    seed: int
    language: str
    environment: dict[str, str]
    timing: dict[str, float]
    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(c.status is Status.PASSED for c in self.checks)

    @property
    def faulty(self) -> bool:
        """Whether the grader itself failed somewhere."""
        return any(c.status is Status.GRADER_FAULT for c in self.checks)

    def to_json(self) -> bytes:
        """Write it as indented JSON, UTF-8."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
