"""Failures of a class: ranked by cause, and grouped where they say the same but for numbers and names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from autograder.sandbox.text import clean
from autograder.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograder.verdict import SubmissionResult

_MOST_CHARACTERS = 600
_QUIET = (Status.PASSED, Status.SKIPPED, Status.GRADER_FAULT)


class Who(NamedTuple):
    """A student, and the page of the hand-in."""

    name: str
    page: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that a hand-in failed. status: the cause as well, where the check names no other."""

    check: str
    title: str
    cause: str
    message: str
    hint: str
    who: Who


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one check, of one cause, that say the same but for numbers and names. like: one of them."""

    like: Failure
    who: tuple[Who, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cause: how many students it keeps from points, and in which checks."""

    cause: str
    students: int
    checks: tuple[str, ...]


def failures(result: SubmissionResult, who: Who) -> list[Failure]:
    """List the checks that a hand-in failed. (Those that were skipped for it are left out.)"""
    return [
        Failure(
            c.id,
            c.title,
            str(c.evidence.get("cause", c.status)),
            clean(c.message, _MOST_CHARACTERS),
            clean(c.hint, _MOST_CHARACTERS),
            who,
        )
        for c in result.checks
        if c.status not in _QUIET
    ]


def groups(found: Iterable[Failure]) -> list[Group]:
    """Group failures that one hint could answer, the most frequent first."""
    alike: dict[tuple[str, str, str], list[Failure]] = defaultdict(list)
    for failure in found:
        alike[failure.check, failure.cause, normal(failure.message)].append(failure)
    made = [Group(same[0], tuple(f.who for f in same)) for same in alike.values()]
    return sorted(made, key=lambda g: (-len(g.who), g.like.check, g.like.cause, g.like.message))


def ranked(found: Iterable[Failure]) -> list[Ranked]:
    """Rank causes by how many students they keep from points."""
    students: dict[str, set[Who]] = defaultdict(set)
    checks: dict[str, Counter[str]] = defaultdict(Counter)
    for failure in found:
        students[failure.cause].add(failure.who)
        checks[failure.cause][failure.check] += 1
    made = [
        Ranked(cause, len(who), tuple(c for c, _n in checks[cause].most_common())) for cause, who in students.items()
    ]
    return sorted(made, key=lambda r: (-r.students, r.cause))


_CODE = re.compile(r"`[^`\n]*`|'[^'\n]*'|\"[^\"\n]*\"")
_NUMBER = re.compile(r"[-+−]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|\b(?:nan|inf)\b", re.IGNORECASE)
_LIST = re.compile(r"([\[(])[#, ]+([\])])")


def normal(message: str) -> str:
    """Return a message without what differs from hand-in to hand-in: code, quoted names, numbers, lists of these."""
    return " ".join(_LIST.sub(r"\1#\2", _NUMBER.sub("#", _CODE.sub("`#`", message))).split())


def singles(found: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """Part groups into those of several hand-ins, and those of one."""
    return [g for g in found if len(g.who) > 1], [g for g in found if len(g.who) == 1]
