"""The file that a book is kept in: opened or made, read and written, with errors that say what to do.

One file with a rollback journal, which works on network drives where locks do. Whatever was committed is on the disk:
a process that is killed, or a machine that loses power, loses what it had not committed, and nothing else.
"""

from __future__ import annotations

import sqlite3
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from autograder.gradebook.schema import APPLICATION_ID, CREATE, UPGRADES, VERSION
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BUSY_SECONDS = 60.0
"""How long to wait for another process that writes."""


class BookError(ValueError):
    """A book that cannot be opened, read or written, or that was asked for what is not in it."""


class Store:
    """An SQLite file of ours. A context manager; for the thread that opened it."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Open the book at `path`. create: make it if it is not there, and find out now if it cannot be written.

        Raises BookError for what is no book, a book of a later version, a folder, or a place that cannot be written.
        """
        self.path = path
        self._writes = False
        try:
            there = path.stat()
            if stat.S_ISDIR(there.st_mode):
                raise BookError(
                    _("{path}: expected the file of a gradebook, got a folder. Name a file in it.", path=path)
                )
            if not there.st_size and not create:
                raise BookError(
                    _("{path}: expected a gradebook, got an empty file. `autograder grade` fills it.", path=path)
                )
        except FileNotFoundError:
            if not create:
                raise BookError(
                    _("{path}: expected a gradebook, found nothing there. `autograder grade` makes one.", path=path)
                ) from None
        except OSError as error:
            raise BookError(_("{path}: could not be looked at ({why}).", path=path, why=error.strerror)) from error
        with self._told():
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with self._told():
                for setting in ("foreign_keys = ON", "synchronous = EXTRA", "recursive_triggers = ON"):
                    self._db.execute(f"PRAGMA {setting}")
            if create:
                with self.writing():
                    self._make_or_check()
            else:
                with self.reading():
                    self._check()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written is there already."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do what is within, all or nothing; it is on the disk when the outermost ends. Others who write wait."""
        if self._writes:
            yield
            return
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            self._writes = True
            try:
                self._upgrade()
                yield
                self._db.execute("COMMIT")
            finally:
                self._writes = False
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See the book as it is at one moment, whatever others write meanwhile. May be within another of these."""
        with self._told():
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Run one statement and yield what it gives, a row at a time."""
        yield from self._db.execute(sql, values)

    def one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        """Run one statement and return its first row, or None."""
        row: tuple[Any, ...] | None = self._db.execute(sql, values).fetchone()
        return row

    def insert(self, table: str, **values: object) -> int:
        """Add a row, and return its number."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        done = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 (names are ours)
        return done.lastrowid or 0

    def faults(self) -> list[str]:
        """Say what is wrong with the file as a database: nothing, unless the disk or another program damaged it."""
        with self.reading():
            said = [str(row[0]) for row in self.rows("PRAGMA integrity_check")]
            said += [
                f"{table} {row}: no such {parent}" for table, row, parent, _n in self.rows("PRAGMA foreign_key_check")
            ]
        return [line for line in said if line != "ok"]

    def _make_or_check(self) -> None:
        if self.one("SELECT 1 FROM sqlite_schema") is None and self._header() == (0, 0):
            for statement in _statements(CREATE):
                self._db.execute(statement)
        else:
            self._check()
            # As it is already, for this fails now where nothing can be written later.
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _upgrade(self) -> None:
        """Bring a book of an earlier version up to this one."""
        application, version = self._header()
        if application == APPLICATION_ID and version < VERSION:
            for added in range(version + 1, VERSION + 1):
                for statement in _statements(UPGRADES[added]):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _check(self) -> None:
        application, version = self._header()
        if application != APPLICATION_ID:
            raise BookError(
                _(
                    "{path}: expected a gradebook of autograder, got another program's database. Name another file.",
                    path=self.path,
                )
            )
        if version > VERSION:
            raise BookError(
                _(
                    "{path}: expected a gradebook of version {expected} at most, got version {got}. "
                    "It was written by a newer autograder: install that.",
                    path=self.path,
                    expected=VERSION,
                    got=version,
                )
            )

    def _header(self) -> tuple[int, int]:
        application, version = self.one("PRAGMA application_id"), self.one("PRAGMA user_version")
        return (application or (0,))[0], (version or (0,))[0]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what SQLite found in words that name the file and what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise BookError(f"{self.path}: {_what(error)}") from error


def _what(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_NOTADB":
        return _("expected a gradebook, got a file that is no database. Name another file.")
    if name.startswith("SQLITE_BUSY"):
        return _("another process has been writing for over {seconds:g} seconds. Try again.", seconds=BUSY_SECONDS)
    if name.startswith("SQLITE_READONLY"):
        return _("expected a gradebook that can be written, got one that cannot. Copy it to a folder of yours.")
    if name.startswith("SQLITE_CANTOPEN"):
        return _("could not be opened. Is its folder there, and may you write to it?")
    if name.startswith("SQLITE_CORRUPT"):
        return _("the file is damaged ({why}). Restore it from a backup.", why=error)
    if name == "SQLITE_FULL":
        return _("the disk is full. What was finished is kept: make room, and run it again.")
    return _("{why} ({name}).", why=error, name=name or type(error).__name__)


def _statements(script: str) -> Iterable[str]:
    """Split a script into its statements. (`executescript` would commit what is open.)"""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
