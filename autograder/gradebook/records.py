"""What a book holds, as it is read from it: attempts, and results in short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from autograder.verdict import Status

if TYPE_CHECKING:
    from datetime import datetime

    from autograder.gradebook.keys import Key
    from autograder.handins import Attempt


class Verdict(NamedTuple):
    """A check's verdict, in short."""

    check: str
    status: Status
    score: float
    max_score: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A result in the book, in short; `Book.result(id)` gives the whole.

    faulty: the grader itself failed somewhere. written: the verdicts, as JSON.
    """

    id: int
    at: datetime
    key: Key
    score: float
    max_score: float
    faulty: bool
    written: str

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts, in the order of the checks."""
        return _verdicts.decode(self.written)


_verdicts = msgspec.json.Decoder(tuple[Verdict, ...])


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """An attempt in the book.

    id: grows in the order in which attempts came to be known. hand_in: the SHA-256 of the content, which
    `Book.content(hand_in)` gives, for `attempt` leaves it out; "" if it cannot be read.
    """

    id: int
    hand_in: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Pending:
    """A hand-in to grade: the SHA-256 of its content, which `Book.content(hand_in)` gives, and where it came from."""

    hand_in: str
    origin: str
