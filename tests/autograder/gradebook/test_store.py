"""The file of a book: opening what is one and what is not, and writing it from several processes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.gradebook import Book, BookError, Kind, Release, Releases
from autograder.gradebook.schema import APPLICATION_ID, VERSION
from tests.autograder.gradebook.fakes import attempt, key, result
from tests.autograder.light import ROOT


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book with a row in every table."""
    path = tmp_path / "book.sqlite"
    with Book(path) as b:
        b.add_roster([])
        b.add_attempts("cnn", [attempt("ann")])
        b.add_result("cnn", key(), result())
        b.seed("cnn")
        b.enter(Kind.SCORE, who="kim", why="seen", assignment="cnn", student="ann", points=1.0)
        Releases(b, "cnn").add([Release(student="ann", token="0" * 32, line=None)], who="kim", seen={})
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO roster (at, people) VALUES ('now', '[]')")
    db.close()
    return path


def test_a_book_is_one_file_and_says_what_it_is(book: Path) -> None:
    assert [f.name for f in book.parent.iterdir()] == ["book.sqlite"]
    db = sqlite3.connect(book)
    assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    db.close()


@pytest.mark.parametrize("table", ["roster", "content", "attempt", "result", "seed", "entry", "page", "released"])
@pytest.mark.parametrize("how", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_no_row_is_changed_or_deleted(book: Path, table: str, how: str) -> None:
    db = sqlite3.connect(book)
    (before,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert before > 0
    column = "bytes" if table == "content" else "at"
    with pytest.raises(sqlite3.IntegrityError, match="a gradebook is only added to"):
        db.execute(how.format(table=table, column=column))
    db.close()


def test_a_row_of_a_book_is_not_replaced(book: Path) -> None:
    with Book(book) as b, pytest.raises(BookError, match="a gradebook is only added to"), b.writing():
        b.one("REPLACE INTO seed (assignment, at, seed) VALUES ('cnn', 'now', 1)")


def test_a_folder_is_no_book(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"got a folder\. Name a file in it"):
        Book(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("buy milk " * 200, "utf-8")
    with pytest.raises(BookError, match=r"notes\.txt: expected a gradebook, got a file that is no database"):
        Book(notes)
    assert notes.read_text("utf-8") == "buy milk " * 200


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmark (url TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(BookError, match="got another program's database"):
        Book(path)
    assert path.read_bytes() == before


def test_an_empty_database_that_another_program_claims_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id = 7")
    db.close()
    with pytest.raises(BookError, match="got another program's database"):
        Book(path)


def test_a_book_of_a_newer_autograder_is_refused(book: Path) -> None:
    with sqlite3.connect(book) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(BookError, match=rf"got version {VERSION + 1}\. It was written by a newer autograder"):
        Book(book)


def test_an_empty_file_becomes_a_book(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    path.touch()
    with Book(path) as b:
        assert b.assignments() == []


def test_a_book_that_is_to_be_read_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"found nothing there\. `autograder grade` makes one"):
        Book(tmp_path / "book.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"could not be opened\. Is its folder there"):
        Book(tmp_path / "nowhere" / "book.sqlite")


def test_a_damaged_book_is_not_read_past_the_damage(book: Path) -> None:
    content = bytearray(book.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 100] = b"\xff" * 100
    book.write_bytes(content)
    with pytest.raises(BookError, match=r"damaged .*Restore it from a backup"), Book(book) as b:
        b.gradebook("cnn")


_AS_ANYBODY = """
import os, sys
from pathlib import Path
from autograder.gradebook import Book, BookError

path = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
for create in (True, False):
    try:
        with Book(path, create=create) as book:
            print(book.assignments())
    except BookError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="modes of files are POSIX")
@pytest.mark.parametrize(
    ("mode", "folder", "says"),
    [
        (0o444, 0o555, ["expected a gradebook that can be written, got one that cannot", "['cnn']"]),
        (0o000, 0o555, ["could not be opened", "could not be opened"]),
        (0o444, 0o000, ["could not be looked at", "could not be looked at"]),
    ],
    ids=["read only", "not readable", "in a folder of others"],
)
def test_a_place_that_cannot_be_written_is_found_before_the_work(
    book: Path, mode: int, folder: int, says: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as outer:  # not below `tmp_path`, which is closed to other users
        Path(outer).chmod(0o755)
        inner = Path(outer, "inner")
        inner.mkdir()
        copy = Path(shutil.copy(book, inner))
        copy.chmod(mode)
        inner.chmod(folder)
        command = [sys.executable, "-c", _AS_ANYBODY, str(copy)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        inner.chmod(0o755)
    assert [expected in line for expected, line in zip(says, done.stdout.splitlines(), strict=True)] == [True, True]


def test_a_book_that_cannot_be_written_says_so(book: Path) -> None:
    with Book(book) as b:
        with b.reading():
            b.one("PRAGMA query_only = ON")
        with pytest.raises(BookError, match=r"expected a gradebook that can be written.*Copy it to a folder of yours"):
            b.add_attempts("cnn", [attempt("bob")])


def test_what_fails_halfway_is_not_written_at_all(book: Path) -> None:
    def both(b: Book) -> None:
        with b.writing():
            b.add_attempts("cnn", [attempt("bob")])
            raise KeyboardInterrupt

    with Book(book) as b:
        with pytest.raises(KeyboardInterrupt):
            both(b)
        assert [a.attempt.student for a in b.attempts("cnn")] == ["ann"]
        b.add_attempts("cnn", [attempt("cy")])
        assert [a.attempt.student for a in b.attempts("cnn")] == ["ann", "cy"]


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(book: Path) -> None:
    with Book(book) as reader, Book(book) as writer:
        with reader.reading():
            assert len(reader.attempts("cnn")) == 1
            process = subprocess.Popen([sys.executable, "-c", _ADD, str(book), "late", "1"], cwd=ROOT)
            assert len(reader.attempts("cnn")) == 1
        assert process.wait(60) == 0
        assert len(writer.attempts("cnn")) == 2


_ADD = """
import sys
from pathlib import Path
from autograder.gradebook import Book
from tests.autograder.gradebook.fakes import attempt
for n in range(int(sys.argv[3])):
    with Book(Path(sys.argv[1])) as book:
        book.add_attempts("cnn", [attempt(f"{sys.argv[2]}{n}", f"x = {sys.argv[2]!r}, {n}".encode())])
"""


def test_processes_that_make_and_write_one_book_at_the_same_time_all_succeed(tmp_path: Path) -> None:
    path, count = tmp_path / "book.sqlite", 10
    command = [sys.executable, "-c", _ADD, str(path)]
    writers = [subprocess.Popen([*command, name, str(count)], cwd=ROOT) for name in ("a", "b", "c")]
    assert [w.wait(120) for w in writers] == [0, 0, 0]
    with Book(path) as b:
        assert len(b.attempts("cnn")) == 3 * count
        assert b.faults() == []


def test_a_book_of_ours_has_no_faults(book: Path) -> None:
    with Book(book) as b:
        assert b.faults() == []


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("UPDATE content SET bytes = x'00'", "other bytes than those of this SHA-256"),
        ("UPDATE result SET score = 99", "another score than its JSON says"),
        ("UPDATE result SET hand_in = 'none'", "no such content"),
    ],
)
def test_rows_that_were_changed_behind_our_back_are_found(book: Path, tampering: str, says: str) -> None:
    with sqlite3.connect(book) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(tampering)
    db.close()
    with Book(book) as b:
        assert says in " ".join(b.faults())
