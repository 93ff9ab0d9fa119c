"""The bank: hand-ins, right and wrong, with a declaration of what must come of each; and whether it does.

A folder with a `bank.toml` is a bank. It is how an assignment's checks are themselves checked: each check must be seen
to fail on a wrong hand-in of its own, to name the cause, and to let right hand-ins pass.

    assignment = "cnn"                # a name, or the path of a folder, from here
    [base]                            # what `change` starts from
    file = "../solution.py"           # relative to bank.toml
    [[right]]
    name = "nested loops"
    file = "right/nested_loops.py"
    only = ["conv2d.*"]               # which checks run, by their ids; all by default
    [[wrong]]
    name = "the sign of the bias gradient is wrong"
    change = [["db = dy.sum(", "db = -dy.sum("]]   # each old text stands there once
    fails = ["conv2d.grad_bias"]      # these must fail; every other check that runs must pass,
    may_fail = []                     # but for these, of which nothing is declared
    cause = "factor"                  # what the first of `fails` must name, in its evidence
    cause_open = ""                   # why it cannot name it yet
"""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import multiprocessing
import tomllib
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from autograder.assignment import Assignment, load_assignment
from autograder.runner import check_submission
from autograder.submission import Submission, read_submission
from autograder.verdict import CheckResult, Status, SubmissionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SCHEMA = "numpytorch/bank/1"
NAMED = 0.9
"""The least share of wrong hand-ins whose cause must be named."""

Change = tuple[str, str]


class BankError(ValueError):
    """A bank that cannot be read, or that contradicts itself or its assignment."""


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    change: tuple[Change, ...] = ()


class _Right(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    file: str = ""
    change: tuple[Change, ...] = ()
    only: tuple[str, ...] = ("*",)
    training_seconds: float | None = None


class _Wrong(_Right, frozen=True, forbid_unknown_fields=True, kw_only=True):
    fails: tuple[str, ...]
    cause: str
    may_fail: tuple[str, ...] = ()
    cause_open: str = ""


class _Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    assignment: str
    base: _Base | None = None
    right: tuple[_Right, ...] = ()
    wrong: tuple[_Wrong, ...] = ()


@dataclass(frozen=True, slots=True)
class HandIn:
    """One hand-in of a bank, and what is declared of it.

    checks: the ids of those that run. fails: of these, those that must fail; none if it is right.
    cause: what the first of `fails` must name. cause_open: why it need not, if it need not.
    training_seconds: the wall-clock limit of training, in place of the assignment's.
    """

    name: str
    source: str
    path: Path
    checks: tuple[str, ...]
    fails: tuple[str, ...] = ()
    may_fail: tuple[str, ...] = ()
    cause: str = ""
    cause_open: str = ""
    training_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Bank:
    """An assignment and hand-ins for it."""

    assignment: Assignment
    hand_ins: tuple[HandIn, ...]


class Kind(StrEnum):
    """In what a verdict and its declaration disagree."""

    SURVIVED = "survived"
    """A check passed that must fail."""
    FALSE_ALARM = "false_alarm"
    """A check failed that must pass."""
    UNNAMED = "unnamed"
    """Another cause was named, or none."""
    NO_LONGER_OPEN = "no_longer_open"
    """The cause is named, though `cause_open` says that it cannot be."""
    GRADER_FAULT = "grader_fault"


class Disagreement(msgspec.Struct, frozen=True):
    """One check of one hand-in that did not come out as declared. message: what the check told the student."""

    kind: Kind
    check: str
    declared: str
    happened: str
    message: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one hand-in. whole: whether all checks of the assignment ran. named: its cause was."""

    hand_in: str
    wrong: bool
    whole: bool
    named: bool
    failed: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    result: SubmissionResult

    def has(self, kind: Kind) -> bool:
        """Whether one of the disagreements is of this kind."""
        return any(d.kind is kind for d in self.disagreements)


class Report(msgspec.Struct, frozen=True):
    """What came of a bank. Each rate is a pair of counts, of which the first is part of the second."""

    schema: str
    assignment: str
    killed: tuple[int, int]
    false_alarms: tuple[int, int]
    named: tuple[int, int]
    never_alone: tuple[str, ...]
    """The checks that no wrong hand-in fails alone, with all others run: does one need a wrong hand-in of its own?"""
    outcomes: tuple[Outcome, ...]

    @property
    def faulty(self) -> bool:
        """Whether the grader itself failed somewhere."""
        return any(o.has(Kind.GRADER_FAULT) for o in self.outcomes)

    @property
    def holds(self) -> bool:
        """Whether every wrong hand-in failed as declared, nothing failed that should pass, and causes were named."""
        return (
            self.killed[0] == self.killed[1]
            and not self.false_alarms[0]
            and self.named[0] >= NAMED * self.named[1]
            and not any(o.has(Kind.NO_LONGER_OPEN) for o in self.outcomes)
            and not self.faulty
        )

    def to_json(self) -> bytes:
        """Write it as indented JSON, UTF-8."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def load_bank(folder: Path) -> Bank:
    """Read `folder/bank.toml` and every hand-in that it declares.

    Raises BankError where it contradicts itself, its files or its assignment; AssignmentError and
    SubmissionError if the assignment or a file cannot be read.
    """
    file = folder / "bank.toml"
    try:
        declaration = msgspec.convert(tomllib.loads(file.read_text("utf-8")), _Declaration)
    except FileNotFoundError:
        raise BankError(f"{folder}: expected a folder that holds bank.toml, found none in it.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BankError(f"{file}: {error}.") from error
    beside = folder / declaration.assignment
    is_folder = (beside / "assignment.toml").is_file()
    assignment = load_assignment(str(beside.resolve()) if is_folder else declaration.assignment)
    try:
        base = None
        if declaration.base is not None:
            start = read_submission(folder / declaration.base.file)
            base = replace(start, source=changed(start.source, declaration.base.change, "[base]"))
        entries = (*declaration.right, *declaration.wrong)
        hand_ins = tuple(_hand_in(e, folder, base, [c.id for c, _ in assignment.checks]) for e in entries)
        _are_different(hand_ins)
    except BankError as error:
        raise BankError(f"{file}: {error}") from None
    return Bank(assignment, hand_ins)


def _hand_in(entry: _Right | _Wrong, folder: Path, base: Submission | None, ids: Sequence[str]) -> HandIn:
    if entry.file:
        start = read_submission(folder / entry.file)
    elif base is not None:
        start = base
    else:
        raise BankError(f"{entry.name!r}: expected a `file`, for there is no [base] to change.")
    source = changed(start.source, entry.change, repr(entry.name))
    for pattern in entry.only:
        if not fnmatch.filter(ids, pattern):
            raise BankError(f"{entry.name!r}: `only`: expected a pattern that matches one of {ids}, got {pattern!r}.")
    checks = tuple(i for i in ids if any(fnmatch.fnmatchcase(i, pattern) for pattern in entry.only))
    if not isinstance(entry, _Wrong):
        return HandIn(entry.name, source, start.path, checks, training_seconds=entry.training_seconds)
    if not entry.fails or not entry.cause:
        raise BankError(f"{entry.name!r}: expected a wrong hand-in to declare a check that `fails`, and its `cause`.")
    if source == start.source and not entry.file:
        raise BankError(f"{entry.name!r}: expected a wrong hand-in that differs from what it starts from.")
    for key, declared in (("fails", entry.fails), ("may_fail", entry.may_fail)):
        if unknown := sorted(set(declared) - set(ids)):
            raise BankError(f"{entry.name!r}: `{key}`: expected ids of checks, got {unknown}; there are {ids}.")
        if idle := sorted(set(declared) - set(checks)):
            raise BankError(f"{entry.name!r}: `{key}` names {idle}, which `only` {list(entry.only)} does not run.")
    if both := sorted(set(entry.fails) & set(entry.may_fail)):
        raise BankError(f"{entry.name!r}: expected {both} in `fails` or in `may_fail`, got both.")
    return HandIn(
        entry.name,
        source,
        start.path,
        checks,
        entry.fails,
        entry.may_fail,
        entry.cause,
        entry.cause_open.strip(),
        entry.training_seconds,
    )


def changed(source: str, changes: Sequence[Change], where: str) -> str:
    """Apply each change to what the ones before it left. Raises BankError if a text is not there once."""
    for old, new in changes:
        if (count := source.count(old)) != 1:
            raise BankError(f"{where}: `change`: expected this text exactly once, got it {count} times:\n{old}")
        source = source.replace(old, new)
    return source


def _are_different(hand_ins: Sequence[HandIn]) -> None:
    """Raise BankError if two have one name, or one source."""
    names: set[str] = set()
    sources: dict[str, str] = {}
    for h in hand_ins:
        if h.name in names:
            raise BankError(f"expected each name once, got {h.name!r} twice.")
        if h.source in sources:
            raise BankError(f"expected hand-ins that differ, got one source for {sources[h.source]!r} and {h.name!r}.")
        names.add(h.name)
        sources[h.source] = h.name


def run_bank(bank: Bank, *, jobs: int = 1, seed: int = 0, done: Callable[[Outcome], None] | None = None) -> Report:
    """Check every hand-in, `jobs` at a time, each in a process of its own; call `done` after each."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy whatever locks our threads hold
    with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        futures = {pool.submit(_run, bank.assignment.folder, h, seed): i for i, h in enumerate(bank.hand_ins)}
        outcomes: dict[int, Outcome] = {}
        try:
            for future in as_completed(futures):
                outcome = outcomes[futures[future]] = future.result()
                if done is not None:
                    done(outcome)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return report(bank, [outcomes[i] for i in range(len(outcomes))])


_load = functools.cache(load_assignment)


def _run(folder: Path, hand_in: HandIn, seed: int) -> Outcome:
    """Check one hand-in, in a process that has loaded the assignment for itself: checks do not travel."""
    return run_hand_in(_load(str(folder)), hand_in, seed)


def run_hand_in(assignment: Assignment, hand_in: HandIn, seed: int = 0) -> Outcome:
    """Check one hand-in, and hold the verdicts against its declaration."""
    chosen = tuple((c, settings) for c, settings in assignment.checks if c.id in hand_in.checks)
    if hand_in.training_seconds is not None:
        training = msgspec.structs.replace(assignment.training, seconds=hand_in.training_seconds)
        assignment = replace(assignment, config=msgspec.structs.replace(assignment.config, training=training))
    digest = hashlib.sha256(hand_in.source.encode()).hexdigest()
    submission = Submission(hand_in.path, digest, hand_in.source)
    result = check_submission(replace(assignment, checks=chosen), submission, seed=seed)
    return judge(hand_in, result, whole=len(chosen) == len(assignment.checks))


def judge(hand_in: HandIn, result: SubmissionResult, *, whole: bool) -> Outcome:
    """Hold the verdicts on a hand-in against what is declared of it.

    A check that was skipped gave no verdict, which will do only for a wrong hand-in, where it need not fail.
    """
    wrong = bool(hand_in.fails)
    by_id = {c.id: c for c in result.checks}
    first = by_id[hand_in.fails[0]] if wrong else None
    found = [d for c in result.checks if (d := _disagreement(hand_in, c)) is not None]
    cause = first.evidence.get("cause") if first is not None and _failed(first) else None
    named = wrong and cause == hand_in.cause
    if first is not None and _failed(first) and named is bool(hand_in.cause_open):
        declared, happened = f"names {hand_in.cause!r}", f"named {cause!r}" if cause else "named none"
        if named:
            declared = f"does not name {hand_in.cause!r} yet ({hand_in.cause_open})"
        found.append(
            Disagreement(Kind.NO_LONGER_OPEN if named else Kind.UNNAMED, first.id, declared, happened, first.message)
        )
    return Outcome(
        hand_in=hand_in.name,
        wrong=wrong,
        whole=whole,
        named=named,
        failed=tuple(c.id for c in result.checks if _failed(c)),
        disagreements=tuple(found),
        result=result,
    )


def _failed(check: CheckResult) -> bool:
    return check.status not in (Status.PASSED, Status.SKIPPED, Status.GRADER_FAULT)


def _disagreement(hand_in: HandIn, check: CheckResult) -> Disagreement | None:
    must_fail = check.id in hand_in.fails
    if must_fail:
        as_declared = _failed(check)
    else:
        skipped = check.status is Status.SKIPPED and bool(hand_in.fails)
        as_declared = check.status is Status.PASSED or skipped or check.id in hand_in.may_fail
    if check.status is Status.GRADER_FAULT:
        kind = Kind.GRADER_FAULT
    elif as_declared:
        return None
    else:
        kind = Kind.SURVIVED if must_fail else Kind.FALSE_ALARM
    return Disagreement(kind, check.id, "fails" if must_fail else "passes", check.status.value, check.message)


def report(bank: Bank, outcomes: Sequence[Outcome]) -> Report:
    """Count."""
    wrong = [o for o in outcomes if o.wrong]
    alone = {o.failed[0] for o in wrong if o.whole and len(o.failed) == 1}
    killed = sum(not o.has(Kind.SURVIVED) and not o.has(Kind.GRADER_FAULT) for o in wrong)
    return Report(
        SCHEMA,
        bank.assignment.name,
        (killed, len(wrong)),
        (sum(o.has(Kind.FALSE_ALARM) for o in outcomes), len(outcomes)),
        (sum(o.named for o in wrong), len(wrong)),
        tuple(c.id for c, _ in bank.assignment.checks if c.id not in alone),
        tuple(outcomes),
    )
