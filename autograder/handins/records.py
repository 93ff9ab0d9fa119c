"""What was handed in, and by whom: the records that reading a class gives to those who grade and book it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Id(StrEnum):
    """The kinds of identifier: which system knows a person, or a hand-in, by it. Uploads of grades ask for them again.

    Values are kept as the system writes them, in text; none is a number to us (a student number may begin with 0).
    """

    CANVAS = "canvas"  # Canvas's user id: `ID` in its gradebook, the first number in the name of a download
    MOODLE = "moodle"  # Moodle's participant number of one assignment: `Identifier` in its grading worksheet
    SID = "sid"  # the student number: Gradescope's `SID`, Canvas's `SIS User ID`, Moodle's `ID number`
    LOGIN = "login"  # the name to sign in with: Canvas's `SIS Login ID`, Moodle's `Username`
    EMAIL = "email"  # in lower case


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of one student. A group's hand-in is one attempt of each of its members.

    student: who handed it in. From `collect`, as the layout tells it: a folder or the stem of a file, Canvas's
        `lastfirst`, Moodle's full name, Gradescope's e-mail. From `match`, the roster's key of the person.
    name: a name to show, where the layout tells one.
    ids: what the layout tells to identify the student by, in the systems that it comes from.
    number: 1, 2, ...: this student's attempts in the order in which they were made, as far as the layout tells.
    submitted_at: aware, in UTC; None where the layout does not tell.
    late: the system that it comes from marked it late.
    origin: where in the download it lies, for messages; unprintable characters are escaped.
    content: the bytes of the Python file; None if there is a problem.
    problem: why it cannot be graded, written for the student; "" if it can.
    """

    student: str
    name: str = ""
    ids: Mapping[Id, str] = field(default_factory=dict)
    number: int = 1
    submitted_at: datetime | None = None
    late: bool = False
    origin: str = ""
    content: bytes | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the roster.

    student: the key of this person in a gradebook: the roster's own, else student number, e-mail, login, Canvas's id.
    name: as the roster writes it. ids: as for an Attempt.
    """

    student: str
    name: str = ""
    ids: Mapping[Id, str] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """The e-mail address, in lower case; "" if the roster has none."""
        return self.ids.get(Id.EMAIL, "")


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """An attempt that fits several people, or one by name alone whose attempts come from two accounts.

    It is nobody's until somebody decides.
    """

    attempt: Attempt
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What came of matching attempts with a roster; each attempt is in exactly one of the three lists of them.

    attempts: those of people on the roster, with `student` and `name` the roster's, `ids` of both, and `number` counted
        afresh over all that the person handed in. missing: people of whom there is no such attempt, in the roster's
        order; they may be among the ambiguous. unmatched: attempts that fit nobody.
    """

    attempts: tuple[Attempt, ...] = ()
    missing: tuple[Person, ...] = ()
    unmatched: tuple[Attempt, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
