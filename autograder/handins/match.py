"""Whose attempt is it: matching with the roster by identifiers, then by e-mail, then by name; never by guessing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.handins.records import Ambiguous, Attempt, Id, Matched, Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_EXACT = (Id.CANVAS, Id.SID, Id.MOODLE, Id.LOGIN)
_WRITTEN = (Id.SID, Id.LOGIN, Id.EMAIL)
"""What people write into names of files; Canvas's and Moodle's numbers mean something else in the next course."""

_MOST_PARTS = 8
_SHORTEST = 4
_TOKEN = re.compile(r"[^\W_]+")


def match(attempts: Sequence[Attempt], people: Sequence[Person]) -> Matched:
    """Say whose each attempt is, and who handed in nothing. Takes time linear in both.

    Identifiers that the layout tells come first, then its e-mail, then a key or an identifier of the roster in the name
    of the folder or file, then a person's name, whatever its case, punctuation and order. A name is not believed
    against an identifier, nor when two accounts bear it: what fits two people, or one person twice over, is ambiguous.
    """
    roster = _Roster(people)
    sure: dict[int, list[Attempt]] = defaultdict(list)
    named: dict[int, list[Attempt]] = defaultdict(list)
    unmatched: list[Attempt] = []
    ambiguous: list[Ambiguous] = []
    for attempt in attempts:
        by_id = roster.by_id(attempt)
        found = sorted(by_id or roster.by_name(attempt))
        if len(found) == 1:
            (sure if by_id else named)[found[0]].append(attempt)
        elif found:
            ambiguous.append(Ambiguous(attempt, tuple(people[i] for i in found)))
        else:
            unmatched.append(attempt)
    matched: list[Attempt] = []
    missing: list[Person] = []
    for i, person in enumerate(people):
        ours, others = sure.get(i, []), named.get(i, [])
        if len({_account(attempt) for attempt in (*ours, *others)}) == 1:
            ours, others = [*ours, *others], []
        matched += _of_person(person, ours)
        ambiguous += [Ambiguous(attempt, (person,)) for attempt in others]
        if not ours:
            missing.append(person)
    return Matched(tuple(matched), tuple(missing), tuple(unmatched), tuple(ambiguous))


def _account(attempt: Attempt) -> object:
    return frozenset(attempt.ids.items()) or attempt.student


def _of_person(person: Person, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the attempts as this person's, in the order in which they were made, as far as that is known."""
    ordered = list(attempts)
    if all(attempt.submitted_at for attempt in ordered):
        ordered.sort(key=lambda attempt: (attempt.submitted_at, attempt.origin))
    return [
        replace(a, student=person.student, name=person.name or a.name, ids={**person.ids, **a.ids}, number=number)
        for number, a in enumerate(ordered, 1)
    ]


class _Roster:
    """The people, found by what they are known by; each is told by its place in the list."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._people = people
        self._ids: dict[tuple[Id, str], set[int]] = defaultdict(set)
        self._keys: dict[str, set[int]] = defaultdict(set)
        self._names: dict[str, set[int]] = defaultdict(set)
        for i, person in enumerate(people):
            for kind, value in person.ids.items():
                self._ids[kind, value.casefold()].add(i)
            for value in (person.student, *(person.ids[kind] for kind in _WRITTEN if kind in person.ids)):
                self._keys[value.casefold()].add(i)
            for name in _orders(person.name):
                self._names[name].add(i)

    def by_id(self, attempt: Attempt) -> set[int]:
        """Find by the first that finds anybody: identifiers, e-mail, what the name of the folder or file holds."""
        for kinds in (_EXACT, (Id.EMAIL,)):
            found = {
                i
                for kind in kinds
                if kind in attempt.ids
                for i in self._ids.get((kind, attempt.ids[kind].casefold()), ())
            }
            if found:
                return found
        if attempt.ids:
            return set()
        label = attempt.student.casefold()
        return set(self._keys.get(label, ())) or {i for part in _numbers(label) for i in self._keys.get(part, ())}

    def by_name(self, attempt: Attempt) -> set[int]:
        """Find by name, those left out who are known by another identifier than the attempt is."""
        numbers = [] if attempt.ids else _numbers(attempt.student)
        names = {_plain(attempt.name), _plain(attempt.student)}
        if numbers:
            names.add(_plain(" ".join(part for part in _TOKEN.findall(attempt.student) if part not in numbers)))
        found = {i for name in names if name for i in self._names.get(name, ())}
        return {i for i in found if not self._contradicts(self._people[i], attempt, numbers)}

    @staticmethod
    def _contradicts(person: Person, attempt: Attempt, numbers: Sequence[str]) -> bool:
        if numbers and Id.SID in person.ids:
            return True
        return any(
            kind in attempt.ids and attempt.ids[kind] != person.ids.get(kind, attempt.ids[kind]) for kind in _EXACT
        )


def _numbers(label: str) -> list[str]:
    """Return the parts of a label that may be an identifier: `hw1_20231234_kim` holds one."""
    return [part for part in _TOKEN.findall(label) if len(part) >= _SHORTEST and any(map(str.isdecimal, part))]


def _orders(name: str) -> set[str]:
    """Return the forms that a name is written in: from any of its parts on, then from the first; `Kim, Min-jun` too."""
    parts = [plain for part in re.split(r"[\s,]+", name) if (plain := _plain(part))][:_MOST_PARTS]
    return {"".join(parts[i:] + parts[:i]) for i in range(len(parts))}


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))
