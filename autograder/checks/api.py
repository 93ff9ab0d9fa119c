"""What a check is made of: a function, the grader it gets, and the failure it raises.

    @check("conv2d.forward")
    def forward_is_cross_correlation(grader: Grader) -> Passed:
        \"\"\"Conv2d.forward computes the cross-correlation.\"\"\"
        built = grader.session.build("Conv2d", (2, 3, 3), seed=0)
        raise Failed("Expected ..., got ...", hint="Look at ...")
        return Passed("Right for 8 configurations.")

The docstring's first line is the title that a student reads. A check asks the session for values and compares
them here, on the trusted side. Everything else that it raises is sorted out by the runner.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np

from autograder.sandbox import LaunchError, SandboxError, Session
from autograder.verdict import Status

if TYPE_CHECKING:
    from types import ModuleType

    from autograder.assignment import Assignment
    from autograder.checks.causes import Cause
    from autograder.submission import Submission

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Passed:
    """What a check returns: what was right, and the numbers behind it."""

    message: str
    evidence: dict[str, Any] = field(default_factory=dict)


class Failed(Exception):  # noqa: N818 (an outcome, raised from wherever it is found)
    """The hand-in is wrong.

    message: what is right, then the one thing that is wrong: expected, got, where.
    hint: what to look at, or to try. cause: the usual mistake that the evidence fits, if one does.
    evidence: the numbers behind it, as JSON values. status: how it ended, if not with wrong values.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        cause: Cause | None = None,
        evidence: dict[str, Any] | None = None,
        status: Status = Status.FAILED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.cause = cause
        self.status = status
        self.evidence = ({"cause": str(cause)} if cause is not None else {}) | (evidence or {})


class Background(Protocol):
    """Work that goes on beside the other checks until its own turn comes."""

    def close(self) -> None:
        """Stop it. Harmless if it has ended."""


Work = TypeVar("Work", bound=Background)


@dataclass(frozen=True, slots=True)
class Check:
    """A check: a stable id, the title that a student reads, and the function that runs it.

    begin: starts its work in the background, before any check runs.
    """

    id: str
    title: str
    run: Callable[[Grader], Passed]
    begin: Callable[[Grader], Background] | None = None


def check(
    check_id: str, begin: Callable[[Grader], Background] | None = None
) -> Callable[[Callable[[Grader], Passed]], Check]:
    """Make a check of a function whose docstring begins with its title."""

    def make(function: Callable[[Grader], Passed]) -> Check:
        title = (function.__doc__ or "").strip().splitlines()
        if not title:
            raise ValueError(f"{function.__name__}: expected a docstring, whose first line is the check's title.")
        return Check(check_id, title[0].removesuffix("."), function, begin)

    return make


def registered_checks(module: ModuleType) -> list[Check]:
    """List the checks that a module defines."""
    return [value for value in vars(module).values() if isinstance(value, Check)]


class Grader:
    """What a check has to work with: a session with the hand-in, randomness, and what others found before."""

    def __init__(
        self,
        assignment: Assignment,
        submission: Submission,
        session: Session,
        seed: int,
        progress: Callable[[float, str], None],
    ) -> None:
        self.assignment = assignment
        self.submission = submission
        self.seed = seed
        self.progress = progress
        """Call it with how much of the check is done, from 0 to 1, and a word on what it is doing."""
        self.timing: dict[str, float] = {}
        """Seconds spent, by what on; "hand_in" is what was waited for in other sessions than `session`."""
        self._session = session
        self._load_error: SandboxError | None = None
        self._remembered: dict[object, Any] = {}
        self._background: dict[str, Background] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for work in self._background.values():
            work.close()

    def begin(self, check: Check) -> None:
        """Start a check's work in the background, if it has some."""
        if check.begin is not None:
            self.keep(check.id, check.begin(self))

    def keep(self, name: str, work: Work) -> Work:
        """Return work in the background that has begun; it is stopped when the grader ends."""
        self._background[name] = work
        return work

    def background(self, check_id: str, kind: type[T]) -> T:
        """Return what a check's `begin` made."""
        work = self._background[check_id]
        if not isinstance(work, kind):
            raise TypeError(f"{check_id}: expected background work of type {kind.__name__}, got {work!r}.")
        return work

    def seconds(self, check_id: str) -> float:
        """Return the wall-clock limit of a check."""
        return next(c.seconds for c in self.assignment.config.check if c.id == check_id)

    @property
    def session(self) -> Session:
        """A live worker that has imported the hand-in: the one there was, or a new one if that has ended.

        Raises what importing the hand-in raised; a hand-in that cannot be imported is tried once.
        """
        if self._load_error is not None:
            raise copy.copy(self._load_error)  # a copy, for each check adds a note of its own
        if self._session.loaded and not self._session.alive():
            self._session.restart()
        if not self._session.loaded:
            try:
                self._session.load()
            except LaunchError:
                raise  # our fault, and no news of the hand-in: the next check tries again
            except SandboxError as error:
                self._load_error = error
                raise copy.copy(error) from None
        return self._session

    def load(self) -> None:
        """Import the hand-in now, if it has not been; raise what that raises."""
        _ = self.session

    def rng(self, *key: str | int) -> np.random.Generator:
        """Return a generator that depends on the seed of the run and on `key` alone, not on other checks."""
        words = [zlib.crc32(str(k).encode()) for k in key]
        return np.random.default_rng([self.seed, *words])

    def child_seed(self, *key: str | int) -> int:
        """Return a seed for the worker that depends on the seed of the run and on `key` alone."""
        return int(self.rng("seed", *key).integers(2**31))

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Do a thing that several checks need once, and remember what it returned or raised."""
        if key not in self._remembered:
            try:
                self._remembered[key] = (make(), None)
            except (Failed, SandboxError) as raised:
                self._remembered[key] = (None, raised)
        value, failure = self._remembered[key]
        if failure is not None:
            raise failure
        result: T = value
        return result
