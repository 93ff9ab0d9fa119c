"""Run the checks on mutants of a model answer: which are killed, and which survive without a known reason."""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from autograder.assignment import Assignment, load_assignment
from autograder.runner import Silent, check_submission
from autograder.submission import Submission
from autograder.verdict import CheckResult, Status
from tests.mutants.generate import Mutant, mutants, shared_functions

EQUIVALENT = Path(__file__).parent / "equivalent.toml"
DESIGNS = frozenset({"MNISTClassificationModel"})
"""What a student designs: a mutant of it need not be wrong."""
OTHER_MATTERS = ("model.", "types.", "policy")
"""Checks of something other than right values."""
SECONDS = 10.0
"""The wall-clock limit of each check: a mutant may loop for ever. The model answer takes a small part of it."""


class Explained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of equivalent.toml: mutants of one line that are as right as the model answer, and why."""

    function: str
    line: str
    mutations: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """A model answer, its mutants, and the reasons why some of them are not wrong, by the mutants' keys."""

    assignment: Assignment
    source: str
    mutants: tuple[Mutant, ...]
    reasons: dict[tuple[str, str, str], str]

    @property
    def stale(self) -> list[tuple[str, str, str]]:
        """The keys in equivalent.toml that no mutant has."""
        keys = {m.key for m in self.mutants}
        return [key for key in self.reasons if key not in keys]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a mutant.

    killed: by which check, or "" if it survived. reason: why it may survive, or "".
    fault: the traceback of a check that failed to judge it, or "".
    """

    mutant: Mutant
    killed: str
    reason: str
    fault: str = ""

    @property
    def surprise(self) -> str:
        """What is wrong here, or "": a fault, a survivor that nothing explains, a reason for one that is killed."""
        if self.fault:
            return f"{self.killed} failed to judge it: {self.mutant}\n{self.fault}"
        if self.killed and self.reason:
            return f"Killed by {self.killed}, though {EQUIVALENT.name} says that it is equivalent: {self.mutant}"
        if not self.killed and not self.reason:
            return f"Survived every check: {self.mutant}"
        return ""

    def told(self, original: str) -> str:
        """Return the surprise, with the mutant's name, as equivalent.toml has it, and what was changed."""
        function, line, mutation = map(json.dumps, self.mutant.key)
        entry = f"function = {function}\nline = {line}\nmutations = [{mutation}]"
        return f"{self.surprise}\n{entry}\n{self.mutant.diff(original)}\n"


@functools.cache
def task(name: str) -> Task:
    """Make the mutants of an assignment's model answer; what its stub gives already is left alone."""
    assignment = load_assignment(name)
    source = (assignment.folder / "solution.py").read_text("utf-8")
    skip = DESIGNS | shared_functions(source, assignment.stub.read_text("utf-8"))
    explained = msgspec.convert(tomllib.loads(EQUIVALENT.read_text("utf-8")), dict[str, tuple[Explained, ...]])
    reasons = {(e.function, e.line, m): e.reason for e in explained.get(name, ()) for m in e.mutations}
    return Task(assignment, source, tuple(mutants(source, skip)), reasons)


def judge(name: str, i: int) -> Verdict:
    """Run the checks on the i-th mutant until one fails; those that seem to be of the mutated class come first."""
    t = task(name)
    mutant, assignment = t.mutants[i], t.assignment

    def elsewhere(check_id: str) -> bool:
        return not any(part in mutant.function.lower() for part in check_id.split("."))

    chosen = sorted(
        ((c, s) for c, s in assignment.checks if not c.id.startswith(OTHER_MATTERS)), key=lambda p: elsewhere(p[0].id)
    )
    brief = tuple((c, msgspec.structs.replace(s, seconds=min(s.seconds, SECONDS), requires=())) for c, s in chosen)
    digest = hashlib.sha256(mutant.source.encode()).hexdigest()
    submission = Submission(assignment.folder / "solution.py", digest, mutant.source)
    reason = t.reasons.get(mutant.key, "")
    try:
        check_submission(replace(assignment, checks=brief), submission, listener=_StopAtFailure())
    except _NotPassedError as stopped:
        return Verdict(mutant, stopped.result.id, reason, stopped.result.evidence.get("traceback", ""))
    return Verdict(mutant, "", reason)


class _NotPassedError(Exception):
    def __init__(self, result: CheckResult) -> None:
        super().__init__(result.id)
        self.result = result


class _StopAtFailure(Silent):
    def finished(self, result: CheckResult) -> None:
        if result.status is not Status.PASSED:
            raise _NotPassedError(result)
