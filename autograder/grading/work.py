"""Work: grading one hand-in, in whatever process it happens. All that travels there, and back, is data."""

from __future__ import annotations

import functools
import traceback
from pathlib import Path

import msgspec

from autograder.assignment import load_assignment
from autograder.gradebook.keys import Key, assignment_sha256, environment_sha256, grader_sha256
from autograder.runner import check_submission, environment, unjudged
from autograder.sandbox import tier_named
from autograder.submission import HAND_IN, Submission, submission_from_bytes
from autograder.verdict import SubmissionResult
from autograder.words import _, language

TRIES = 3
"""How often a hand-in is graded before a fault of the grader is left to the instructor."""

_assignment = functools.cache(load_assignment)


class Identity(msgspec.Struct, frozen=True):
    """What verdicts depend on besides the hand-in and the seed: that of one process, on one machine.

    assignment, grader, environment: hashes, as in a Key. tier: the sandbox.
    versions: what the hash of the environment is of, to tell the instructor.
    """

    assignment: str
    grader: str
    environment: str
    tier: str
    versions: dict[str, str]

    def key(self, hand_in: str, seed: int) -> Key:
        """Return what the result of a hand-in is kept under."""
        return Key(hand_in, self.assignment, self.grader, self.environment, seed)


class Task(msgspec.Struct, frozen=True):
    """One hand-in to grade.

    assignment: its name, or its folder, as the machine that grades it knows it.
    content: the hand-in's bytes. identity: what must be the same there as where the task was made.
    """

    assignment: str
    hand_in: str
    content: bytes
    seed: int
    language: str
    identity: Identity


class DifferentGraderError(RuntimeError):
    """The machine that was to grade is not what the task was made for."""


def identity(assignment: str, tier: str) -> Identity:
    """Return what verdicts depend on in this process. Raises AssignmentError, or LaunchError if the tier fails here."""
    task = _assignment(assignment)
    task.demand_packages()
    here = environment(task)
    tier_named(tier)
    return Identity(assignment_sha256(task), grader_sha256(), environment_sha256(here, tier), tier, here)


def grade(task: Task) -> SubmissionResult:
    """Grade one hand-in; up to TRIES times, if the grader itself fails.

    Its last failure is in the result, as checks without a verdict. Raises DifferentGraderError.
    """
    present = _identity(task.assignment, task.identity.tier)
    if (present.assignment, present.grader, present.environment) != (
        task.identity.assignment,
        task.identity.grader,
        task.identity.environment,
    ):
        raise DifferentGraderError(
            _(
                "expected the assignment, the grader and the versions that the run began with, got others: they "
                "changed while it ran. What was finished is kept: start again to go on."
            )
        )
    with language(task.language):
        for _try in range(TRIES):
            result = _graded(task)
            if not result.faulty:
                break
    return result


_identity = functools.cache(identity)


def without_verdict(task: Task, why: str) -> SubmissionResult:
    """Return the result of a hand-in that the grader failed on: every check without a verdict, and why."""
    return unjudged(_assignment(task.assignment), _submission(task), task.seed, task.identity.tier, why)


def _graded(task: Task) -> SubmissionResult:
    try:
        return check_submission(
            _assignment(task.assignment), _submission(task), seed=task.seed, tier=tier_named(task.identity.tier)
        )
    except Exception:  # noqa: BLE001 (our own fault, whatever it is: the student pays nothing, the instructor is told)
        return without_verdict(task, traceback.format_exc())


def _submission(task: Task) -> Submission:
    # The name is the same for all: a message that quotes it does not depend on who handed it in first.
    return submission_from_bytes(task.content, Path(HAND_IN))
