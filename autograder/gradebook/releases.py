"""The journal of releases: what was released to whom, by whom and when, and the name of each student's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from autograder.gradebook.line import Line
from autograder.gradebook.store import BookError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.gradebook.book import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is released to a student.

    token: the name of the page, 128 random bits in hexadecimal. line: None if it was withdrawn.
    sha256: of the page's bytes; "" if there is none.
    """

    student: str
    token: str
    line: Line | None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Journalled:
    """An entry of the journal: a release, by whom and when."""

    id: int
    at: datetime
    who: str
    release: Release


class Releases:
    """The releases of an assignment, in a book."""

    def __init__(self, book: Book, assignment: str) -> None:
        self._book = book
        self._assignment = assignment

    def journal(self) -> list[Journalled]:
        """List every release there ever was, in order."""
        with self._book.reading():
            if self._book.one("SELECT 1 FROM sqlite_schema WHERE name = 'released'") is None:
                return []  # a book of an earlier version, into which nothing was written since
            return [
                Journalled(
                    number,
                    datetime.fromisoformat(at),
                    who,
                    Release(
                        student=student,
                        token=token,
                        line=None if line is None else msgspec.json.decode(line, type=Line),
                        sha256=sha256 or "",
                    ),
                )
                for number, at, who, student, token, line, sha256 in self._book.rows(
                    "SELECT released.id, released.at, who, student, token, line, sha256 "
                    "FROM released JOIN page ON page.id = released.page WHERE assignment = ? ORDER BY released.id",
                    self._assignment,
                )
            ]

    def latest(self) -> dict[str, Release]:
        """Return what holds, by student."""
        return {entry.release.student: entry.release for entry in self.journal()}

    def add(self, releases: Sequence[Release], *, who: str, seen: dict[str, Release]) -> None:
        """Add releases, all or none. When this returns, they are on the disk.

        seen: what held when they were made. Raises BookError if somebody else released meanwhile.
        """
        if not releases:
            return
        with self._book.writing():
            if self.latest() != seen:
                raise BookError(
                    _("somebody else released {assignment} meanwhile. Look again.", assignment=self._assignment)
                )
            for r in releases:
                self._book.insert(
                    "released",
                    at=self._book.now(),
                    who=who,
                    page=self._page(r),
                    score=r.line.score if r.line else None,
                    line=msgspec.json.encode(r.line).decode() if r.line else None,
                    result=r.line.result if r.line else None,
                    sha256=r.sha256 or None,
                )

    def _page(self, release: Release) -> int:
        """Return the number of a student's page; it gets one with the first release."""
        row = self._book.one(
            "SELECT id FROM page WHERE assignment = ? AND student = ? AND token = ?",
            self._assignment,
            release.student,
            release.token,
        )
        if row is not None:
            return int(row[0])
        return self._book.insert(
            "page", at=self._book.now(), assignment=self._assignment, student=release.student, token=release.token
        )
