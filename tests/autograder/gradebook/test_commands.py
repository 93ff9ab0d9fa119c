"""The commands of a gradebook: what they print, their exit status, and what they say to bad input."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.gradebook import Book
from autograder.handins import Person
from autograder.verdict import Status
from tests.autograder.gradebook.fakes import BAD, GOOD, POOR, Clock, attempt, key, result
from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CLASS = """
attempts = "best"
[late.cnn]
deadline = 2026-10-31T00:00:00Z
penalty_percent = 10
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Ann has 100 points and a result that waits, Bob cannot be read, Cy is missing, and Dee is not on the roster."""
    path = tmp_path / "book.sqlite"
    (tmp_path / "class.toml").write_text(CLASS, "utf-8")
    with Book(path, clock=Clock()) as b:
        b.add_roster([Person("ann", "Ann Archer"), Person("bob", "Bob"), Person("cy", "Cy")])
        b.add_attempts("cnn", [attempt("ann", GOOD), attempt("bob", None), attempt("dee", POOR, late=True)])
        b.add_result("cnn", key(), result())
        b.add_result("cnn", key(POOR), result(POOR, second=Status.GRADER_FAULT))
        b.add_result("cnn", key(grader="g2"), result(second=Status.FAILED, message="the sign is wrong"))
    return path


def run(book: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command with this book, on a wide terminal; return its exit status, and what it printed and complained."""
    done = CliRunner().invoke(app, [*arguments, "--book", str(book)], env={"COLUMNS": "200"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.stdout.split()), " ".join(done.stderr.split())


def test_show_has_everybodys_line_and_what_needs_a_person(book: Path) -> None:
    status, out, _err = run(book, "book", "show", "cnn")
    assert status == 0
    assert "cnn: due 2026-10-31 00:00:00+00:00, 10 % a day" in out
    assert "ann Ann Archer 100 100 1/1 graded, a new result waits" in out
    for line in (
        "Missing (1): cy",
        "Not on the roster (1): dee",
        "Cannot be read (1): bob",
        "Grader faults to look at (1): dee #1",
        "New results wait, see `autograder diff` (1): ann",
    ):
        assert line in out


def test_show_says_when_there_is_no_deadline_and_what_class_toml_has(book: Path) -> None:
    (book.parent / "class.toml").write_text(CLASS.replace("cnn", "cmm"), "utf-8")
    assert "No deadline for cnn; class.toml has deadlines for cmm." in run(book, "book", "show", "cnn")[1]


def test_show_of_one_student_has_the_checks_and_what_people_did(book: Path) -> None:
    run(book, "book", "override", "cnn", "ann", "80", "--why", "so it is", "--who", "kim")
    status, out, _err = run(book, "book", "show", "cnn", "--student", "Ann Archer")
    assert status == 0
    assert "Score: 80 of 100 (graded, points set by hand" in out
    assert "conv2d.grad_bias passed 40/40" in out
    assert "kim ann checks: 80 points in all so it is" in out


def test_diff_says_what_would_move_and_why_and_exits_with_1(book: Path) -> None:
    status, out, _err = run(book, "diff", "cnn")
    assert status == 1
    assert "ann 1 100 -> 60 the grader changed conv2d.grad_bias: passed -> failed" in out
    assert "the sign is wrong" in out
    assert "autograder accept cnn" in out


def test_diff_shows_the_points_of_a_check_whose_verdict_stays(book: Path) -> None:
    worth_less = result()
    first = msgspec.structs.replace(worth_less.checks[0], score=59.0, max_score=59.0)
    with Book(book) as b:
        new = msgspec.structs.replace(worth_less, score=99.0, checks=(first, worth_less.checks[1]))
        b.add_result("cnn", key(grader="g3"), new)
    assert "conv2d.forward: passed 60/60 -> passed 59/59" in run(book, "diff", "cnn")[1]


def test_diff_counts_what_moves_no_score_in_one_line_at_the_end(book: Path) -> None:
    with Book(book) as b:
        b.add_attempts("cnn", [attempt("cy", GOOD), attempt("cy", POOR, number=2)])
    run(book, "book", "override", "cnn", "ann", "70", "--why", "so")
    status, out, _err = run(book, "diff", "cnn")
    assert (status, "70 -> 70" in out) == (1, False)
    assert out.index("cy 1 100 -> 60") < out.index("The score stays the same (1): ann #1")
    assert "Results that wait: 2." in out


def test_the_command_that_diff_ends_with_works_when_pasted(book: Path) -> None:
    other = book.rename(book.parent / "the term's book.sqlite")
    rules = str(book.parent / "class.toml")
    out = (
        CliRunner().invoke(app, ["diff", "cnn", "--book", str(other), "--class", rules], env={"COLUMNS": "200"}).stdout
    )
    pasted = shlex.split(re.findall(r"`(autograder .*)`", out)[-1])
    assert pasted == ["autograder", "accept", "cnn", "--book", str(other), "--class", rules]


def test_accept_moves_the_score_and_then_diff_exits_with_0(book: Path) -> None:
    status, out, _err = run(book, "accept", "cnn", "--who", "kim")
    assert (status, out.endswith("1 accepted.")) == (0, True)
    assert "ann Ann Archer 60 60" in run(book, "book", "show", "cnn")[1]
    assert run(book, "diff", "cnn") == (0, "Nothing waits: every result counts.", "")


def test_accept_of_one_student_leaves_the_others(book: Path) -> None:
    assert "0 accepted." in run(book, "accept", "cnn", "--student", "cy")[1]
    assert run(book, "diff", "cnn")[0] == 1


def test_override_of_a_check_and_its_undo(book: Path) -> None:
    given = ("--check", "conv2d.grad_bias", "--why", "right, on paper", "--who", "kim")
    status, out, _err = run(book, "book", "override", "cnn", "dee", "5.5", *given)
    assert (status, "Score: 65.5 of 100" in out) == (0, True)
    assert run(book, "book", "undo", "cnn", "1", "--why", "it was not", "--who", "lee")[0] == 0
    _status, out, _err = run(book, "book", "history", "cnn")
    assert "kim dee conv2d.grad_bias: 5.5 points (undone by 2) right, on paper" in out
    assert "lee entry 1 undone it was not" in out


def test_extend_takes_the_time_in_the_deadlines_zone(book: Path) -> None:
    (book.parent / "class.toml").write_text(CLASS.replace("00:00Z", "00:00+09:00"), "utf-8")
    status, out, _err = run(book, "book", "extend", "cnn", "ann", "2026-11-02T09:00", "--why", "ill")
    assert (status, "deadline moved to 2026-11-02 00:00+00:00" in out) == (0, True)


def test_late_settles_what_nobody_knew(book: Path) -> None:
    assert (
        "Late by an unknown time, to decide with `autograder book late` (1): dee"
        not in run(book, "book", "show", "cnn")[1]
    )
    with Book(book) as b:
        b.add_result("cnn", key(POOR), result(POOR, second=Status.FAILED))
    assert (
        "Late by an unknown time, to decide with `autograder book late` (1): dee" in run(book, "book", "show", "cnn")[1]
    )
    status, out, _err = run(book, "book", "late", "cnn", "dee", "2", "--why", "by the server's log")
    assert (status, "Score: 40 of 100" in out) == (0, True)


def test_mark_grades_a_written_part(book: Path) -> None:
    status, out, _err = run(book, "book", "mark", "autograd", "cy", "memory", "5.5", "--why", "one repair of two")
    assert (status, "Score: 5.5 of 140" in out, "memory: 5.5" in out) == (0, True, True)


def test_marks_grades_written_parts_of_many(book: Path) -> None:
    file = book.parent / "marks.csv"
    file.write_text("\ufeffstudent,part,points,why,comment\nann,memory,6,all\nBob,memory,2,one,x\n", "utf-8")
    assert run(book, "book", "marks", "autograd", str(file))[:2] == (0, "2 entries made.")
    assert "memory: 2" in run(book, "book", "show", "autograd", "--student", "bob")[1]


def test_who_is_the_login_name_by_default(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "professor")
    run(book, "book", "override", "cnn", "cy", "1", "--why", "so")
    with Book(book) as b:
        assert b.entries()[-1].who == "professor"


def test_names_and_messages_cannot_write_to_the_terminal(book: Path) -> None:
    with Book(book) as b:
        b.add_roster([Person("eve", "\x1b[2J[red]Eve[/red]\x07")])
        b.add_attempts("cnn", [attempt("eve", BAD)])
    out = CliRunner().invoke(app, ["book", "show", "cnn", "--book", str(book)], env={"COLUMNS": "200"}).stdout
    assert "[red]Eve[/red]" in out
    assert "\x1b" not in out
    assert "\x07" not in out


BAD_INPUT = [
    (["book", "show", "cnm"], "expected one of the assignments autograd, cnn, cuda, rnn"),
    (["book", "show", "cnn", "--student", "ana"], "got 'ana'. Do you mean 'ann'?"),
    (["book", "show", "cnn", "--class", "nowhere.toml"], "nowhere.toml: No such file"),
    (["book", "override", "cnn", "ann", "80"], "Missing option '--why'"),
    (["book", "override", "cnn", "ann", "80", "--why", " "], "expected a reason, got none"),
    (["book", "override", "cnn", "ann", "80", "--why", "so", "--who", ""], "expected a name for who does this"),
    (["book", "override", "cnn", "ann", "101", "--why", "so"], "expected 0 to 100 points, got 101"),
    (["book", "override", "cnn", "ann", "many", "--why", "so"], "Invalid value for 'points'"),
    (
        ["book", "override", "cnn", "ann", "5", "--check", "conv2d.foward", "--why", "so"],
        "Do you mean 'conv2d.forward'",
    ),
    (["book", "override", "cnn", "ann", "5", "--attempt", "1", "--why", "so"], "--attempt: expected --check with it"),
    (["book", "extend", "cnn", "ann", "tomorrow", "--why", "so"], "expected a time with its offset"),
    (["book", "extend", "rnn", "ann", "2026-01-01T00:00Z", "--why", "so"], "found no [late.rnn] in class.toml"),
    (["book", "late", "cnn", "cy", "1", "--why", "so"], "cy: handed nothing in"),
    (["book", "mark", "cnn", "ann", "memory", "1", "--why", "so"], "a written part of cnn, got 'memory'"),
    (["book", "late", "cnn", "ann", "1001", "--why", "so"], "ann: expected 0 to 1000 days late, got 1001."),
    (["book", "marks", "autograd", "nowhere.csv"], "nowhere.csv: could not be read (No such file or directory)."),
    (["book", "marks", "autograd", "empty.csv"], "empty.csv, line 2: expected student, part, points and why, got no"),
    (["book", "marks", "autograd", "empty.csv"], "got no points, why."),
    (
        ["book", "marks", "autograd", "short.csv"],
        "short.csv, line 3: expected student, part, points and why, got no why",
    ),
    (["book", "marks", "autograd", "lacks.csv"], "found no points, why"),
    (["book", "marks", "autograd", "words.csv"], "words.csv, line 3: expected a number of points, got 'six'"),
    (["book", "marks", "autograd", "latin.csv"], "expected a CSV in UTF-8"),
    (["book", "undo", "cnn", "9", "--why", "so"], "expected the number of an entry of cnn, got 9"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_INPUT, ids=[" ".join(a)[-40:] for a, _ in BAD_INPUT])
def test_bad_input_exits_with_2_and_a_clear_line_and_writes_nothing(
    arguments: list[str], says: str, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(book.parent)
    (book.parent / "lacks.csv").write_text("student,part\nann,memory\n", "utf-8")
    (book.parent / "empty.csv").write_text("student,part,points,why\nann,memory, ,\n", "utf-8")
    (book.parent / "short.csv").write_text("student,part,points,why\nann,memory,6,x\nbob,memory,2\n", "utf-8")
    (book.parent / "words.csv").write_text("student,part,points,why\nann,memory,6,x\nbob,memory,six,x\n", "utf-8")
    (book.parent / "latin.csv").write_bytes(b"student,part,points,why\ncaf\xe9,memory,6,x\n")
    status, _out, err = run(book, *arguments)
    assert (status, says in err) == (2, True), err
    with Book(book) as b:
        assert b.entries() == []


def test_a_book_that_is_not_there_is_a_clear_line(tmp_path: Path) -> None:
    status, _out, err = run(tmp_path / "none.sqlite", "book", "show", "cnn")
    assert (status, "expected a gradebook, found nothing there" in err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_as_book_is_a_clear_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    status, _out, err = run(empty, "book", "show", "cnn")
    assert (status, err) == (
        2,
        f"autograder: {empty}: expected a gradebook, got an empty file. `autograder grade` fills it.",
    )
    with Book(empty) as b:
        assert b.assignments() == []


def test_show_lists_as_unreadable_only_those_whose_attempt_that_counts_cannot_be_read(book: Path) -> None:
    with Book(book) as b:
        b.add_attempts("cnn", [attempt("bob", GOOD, number=2), attempt("cy", None), attempt("ann", None, number=2)])
    assert "Cannot be read (1): cy" in run(book, "book", "show", "cnn")[1]
    (book.parent / "class.toml").write_text('attempts = "last"', "utf-8")
    assert "Cannot be read (2): ann, cy" in run(book, "book", "show", "cnn")[1]
    run(book, "book", "override", "cnn", "ann", "80", "--why", "so")
    assert "Cannot be read (1): cy" in run(book, "book", "show", "cnn")[1]


def test_the_command_itself_knows_them(book: Path) -> None:
    command = [sys.executable, "-c", "from autograder.cli import main; main()", "diff", "cnn", "--book", str(book)]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "100 -> 60" in done.stdout
