"""`autograder grade`: a class goes in, a gradebook comes out, and what went wrong is said."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from autograder.gradebook import Book
from autograder.gradebook.view import State
from tests.autograder.test_cli import autograder

from .conftest import RIGHT, STUB

WRONG = RIGHT.replace("return y.grad * s.arr, ", "return s.arr + 0 * y.grad, ")
"""Its input gradient ignores the upstream gradient."""


def class_of(folder: Path, hand_ins: dict[str, str]) -> Path:
    for student, source in hand_ins.items():
        (folder / student).mkdir(parents=True)
        (folder / student / "assignment.py").write_text(source, "utf-8")
    return folder


@pytest.fixture
def hand_ins(tmp_path: Path) -> Path:
    folder = class_of(tmp_path / "in", {"ann": RIGHT, "bob": WRONG, "cas": STUB, "dan": RIGHT})
    (folder / "eve").mkdir()
    return folder


def grade(scale: Path, hand_ins: Path, book: Path, *more: str, expect: int = 0) -> tuple[str, str]:
    done = autograder("grade", str(scale), str(hand_ins), "--book", str(book), "--sandbox", "limits",
                      "--accept-weaker-sandbox", *more)  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout, done.stderr


def scores(book: Path) -> dict[str, tuple[State, float | None]]:
    with Book(book, create=False) as opened:
        return {row.student: (row.state, row.score) for row in opened.gradebook("scale").rows}


def test_everyone_gets_the_score_of_their_hand_in(scale: Path, hand_ins: Path, tmp_path: Path) -> None:
    out, err = grade(scale, hand_ins, tmp_path / "book")
    assert scores(tmp_path / "book") == {
        "ann": (State.GRADED, 100),
        "bob": (State.GRADED, 85),
        "cas": (State.GRADED, 0),
        "dan": (State.GRADED, 100),
        "eve": (State.UNREADABLE, 0),
    }
    assert "100 ann, dan" in err, err  # the same bytes: graded once
    assert "85 bob  scale.grad_input failed" in err, err
    assert "scale: 3 hand-ins graded.\n4 students have a score. Median 92.5, from 0 to 100." in out, out
    assert "Cannot be read (1):\n  eve: " in out, out


def test_a_second_run_grades_only_what_is_new(scale: Path, hand_ins: Path, tmp_path: Path) -> None:
    grade(scale, hand_ins, tmp_path / "book")
    class_of(hand_ins, {"fay": WRONG + "# later\n"})
    out, err = grade(scale, hand_ins, tmp_path / "book")
    assert "fay" in err
    assert "bob" not in err
    assert "scale: 1 hand-ins graded.\n5 students have a score." in out


def test_the_roster_tells_who_is_missing_and_who_is_on_none(scale: Path, hand_ins: Path, tmp_path: Path) -> None:
    with (tmp_path / "roster.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["student", "name"], ["ann", "Ann"], ["bob", "Bob"], ["zoe", "Zoe"]])
    out, _ = grade(scale, hand_ins, tmp_path / "book", "--roster", str(tmp_path / "roster.csv"))
    assert "Missing, on the roster and handed nothing in (1):\n  Zoe\n" in out, out
    assert "On no roster (3):\n  cas\n  dan\n  eve\n" in out, out


def test_a_changed_assignment_makes_results_wait_and_says_so(scale: Path, hand_ins: Path, tmp_path: Path) -> None:
    grade(scale, hand_ins, tmp_path / "book")
    changed = tmp_path / "scale"
    changed.mkdir()
    for file in scale.iterdir():
        if file.is_file():
            (changed / file.name).write_bytes(file.read_bytes())
    settings = changed / "assignment.toml"
    text = settings.read_text()
    text = text.replace("points = 20", "points = 25", 1)
    text = text.replace('"scale.grad_input"\npoints = 15', '"scale.grad_input"\npoints = 10')
    settings.write_text(text)
    out, _ = grade(changed, hand_ins, tmp_path / "book")
    assert f"Results that wait to be accepted: 4. See them: autograder diff {changed} --book" in out, out
    assert scores(tmp_path / "book")["bob"] == (State.GRADED, 85)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("grade", "nosuch", "in", "--book", "book"), "expected one of the assignments"),
        (("grade", "cnn", "nowhere", "--book", "book"), "nowhere"),
        (("grade", "cnn", "in", "--book", "in"), "got a folder"),
        (("grade", "cnn", "in", "--book", "in/ann/assignment.py"), "no database"),
        (("grade", "cnn", "in", "--book", "book", "--roster", "nowhere.csv"), "nowhere.csv"),
        (("grade", "cnn", "in", "--book", "book", "--class", "nowhere.toml"), "nowhere.toml"),
        (("grade", "cnn", "in", "--book", "book", "--sandbox", "process"), "--accept-weaker-sandbox"),
        (("grade", "cnn", "in", "--book", "book", "--workers", "0"), "--workers"),
        (("grade", "cnn", "in", "--book", "book", "--cluster", "tcp://127.0.0.1:9"), "Dask scheduler"),
        (("grade", "cnn", "in"), "--book"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_told_in_a_line_and_harms_nothing(
    change: tuple[str, ...], says: str, hand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (hand_ins / "ann" / "assignment.py").read_bytes()
    done = autograder(*change, cwd=hand_ins.parent)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert (hand_ins / "ann" / "assignment.py").read_bytes() == before


def test_a_deadline_under_another_name_is_told(scale: Path, hand_ins: Path, tmp_path: Path) -> None:
    (tmp_path / "class.toml").write_text("[late.scal]\ndeadline = 2026-11-01T23:59:00+09:00\n")
    out, _ = grade(scale, hand_ins, tmp_path / "book")
    assert "No deadline for scale; class.toml has deadlines for scal." in out, out
