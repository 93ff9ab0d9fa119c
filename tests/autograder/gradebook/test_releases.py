"""The journal of releases: what it keeps, and books from before there was one."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from autograder.gradebook import Book, BookError, Line, Release, Releases
from autograder.gradebook.line import line_of
from autograder.gradebook.schema import VERSION
from tests.autograder.gradebook.fakes import Clock, attempt, key, result

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = ["a" * 32, "b" * 32]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.sqlite"
    with Book(path, clock=Clock()) as b:
        b.add_attempts("cnn", [attempt("ann"), attempt("bob")])
        b.add_result("cnn", key(), result())
    return path


def line(b: Book, student: str) -> Line:
    row = next(r for r in b.gradebook("cnn").rows if r.student == student)
    assert row.counts is not None
    assert row.counts.result is not None
    return line_of(row, b.result(row.counts.result.id))


def before_there_were_releases(path: Path) -> None:
    """Make a book what one of version 1 is."""
    db = sqlite3.connect(path)
    db.executescript("DROP TABLE released; DROP TABLE page; PRAGMA user_version = 1;")
    db.close()


def test_what_was_released_comes_back_as_it_was(book: Path) -> None:
    with Book(book) as b:
        releases = Releases(b, "cnn")
        ann = Release(student="ann", token=TOKENS[0], line=line(b, "ann"), sha256="12" * 32)
        releases.add([ann], who="kim", seen={})
        (entry,) = releases.journal()
        assert (entry.release, entry.who, releases.latest()) == (ann, "kim", {"ann": ann})
        assert entry.release.line is not None
        assert (entry.release.line.score, entry.release.line.checks[1].id) == (100.0, "conv2d.grad_bias")
        assert Releases(b, "rnn").latest() == {}


def test_the_latest_holds_and_every_earlier_stays(book: Path) -> None:
    with Book(book) as b:
        releases = Releases(b, "cnn")
        first = Release(student="ann", token=TOKENS[0], line=line(b, "ann"))
        gone = Release(student="ann", token=TOKENS[0], line=None)
        releases.add([first], who="kim", seen={})
        releases.add([gone], who="lee", seen={"ann": first})
        assert releases.latest() == {"ann": gone}
        assert [(e.who, e.release) for e in releases.journal()] == [("kim", first), ("lee", gone)]


def test_a_token_is_one_students_and_a_student_has_one(book: Path) -> None:
    with Book(book) as b:
        releases = Releases(b, "cnn")
        ann = Release(student="ann", token=TOKENS[0], line=line(b, "ann"))
        releases.add([ann], who="kim", seen={})
        for student, token in (("bob", TOKENS[0]), ("ann", TOKENS[1])):
            with pytest.raises(BookError, match="UNIQUE"):
                releases.add([Release(student=student, token=token, line=None)], who="kim", seen={"ann": ann})
        assert releases.latest() == {"ann": ann}


def test_who_releases_on_what_another_changed_is_told_and_nothing_is_released(book: Path) -> None:
    with Book(book) as b:
        releases = Releases(b, "cnn")
        ann = Release(student="ann", token=TOKENS[0], line=line(b, "ann"))
        bob = Release(student="bob", token=TOKENS[1], line=line(b, "bob"))
        releases.add([ann], who="kim", seen={})
        with pytest.raises(BookError, match="somebody else released cnn meanwhile"):
            releases.add([bob], who="lee", seen={})
        assert releases.latest() == {"ann": ann}


def test_an_old_book_is_read_as_it_is_and_brought_up_when_it_is_written_to(book: Path) -> None:
    before_there_were_releases(book)
    as_it_was = book.read_bytes()
    with Book(book, create=False) as b:
        assert Releases(b, "cnn").latest() == {}
        assert len(b.gradebook("cnn").rows) == 2
        assert book.read_bytes() == as_it_was
        ann = Release(student="ann", token=TOKENS[0], line=line(b, "ann"))
        Releases(b, "cnn").add([ann], who="kim", seen={})
        assert Releases(b, "cnn").latest() == {"ann": ann}
        assert b.one("PRAGMA user_version") == (VERSION,)
        with pytest.raises(BookError, match="only added to"), b.writing():
            b.one("DELETE FROM released")


def test_an_old_book_that_is_opened_to_grade_into_is_brought_up_too(book: Path) -> None:
    before_there_were_releases(book)
    with Book(book) as b:
        assert b.one("PRAGMA user_version") == (VERSION,)
        assert b.faults() == []
