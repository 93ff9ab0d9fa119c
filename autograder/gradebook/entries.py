"""Entries: what people did to a book, with who, when and why. None is ever changed; one is undone by another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Kind(StrEnum):
    """What somebody did."""

    SCORE = "score"
    """Set what all checks of a student's assignment come to, lateness included."""
    CHECK = "check"
    """Set the points of one check, on one hand-in of a student."""
    MARK = "mark"
    """Graded a written part."""
    DAYS_LATE = "days_late"
    """Said how many days late a hand-in of a student is."""
    EXTENSION = "extension"
    """Moved a student's deadline."""
    ACCEPT = "accept"
    """Let a new result count."""
    UNDO = "undo"
    """Undid an entry. An undo can be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one person did, when and why. Which of the others are set depends on the kind.

    id: its number, by which it is undone. part: a check, or a written part; of days late, the id of the attempt.
    undoes: the number of another entry. undone_by: of the entry that undid it; 0 if it holds.
    """

    id: int
    at: datetime
    who: str
    why: str
    kind: Kind
    assignment: str = ""
    student: str = ""
    hand_in: str = ""
    part: str = ""
    points: float | None = None
    until: datetime | None = None
    result: int | None = None
    undoes: int | None = None
    undone_by: int = 0


class Details(TypedDict, total=False):
    """Of an entry, what depends on its kind; see `Entry`."""

    hand_in: str
    part: str
    points: float
    until: datetime
    result: int
    undoes: int


def undone(undoes: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return which entries are undone, and by which, of pairs (number of an undo, number of what it undoes).

    An undo that is itself undone undoes nothing.
    """
    by: dict[int, int] = {}
    for undo, target in sorted(undoes, reverse=True):  # one comes after what it undoes
        if undo not in by:
            by[target] = undo
    return by
