"""What waits: whose score would move, why, and in which checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from autograder.gradebook import Book, ClassRules, Key, Kind
from autograder.gradebook.diff import CheckMove, Move, moves
from autograder.gradebook.records import Verdict
from autograder.verdict import Status, SubmissionResult
from tests.autograder.gradebook.fakes import BAD, GOOD, POOR, Clock, attempt, key, result, sha

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path / "book.sqlite", clock=Clock()) as b:
        b.add_attempts("cnn", [attempt("ann", GOOD)])
        b.add_result("cnn", key(), result())
        yield b


def failed(numpy: str = "2.3", sandbox: str = "limits", seed: int = 0) -> SubmissionResult:
    worse = result(second=Status.FAILED, numpy=numpy, message="the sign is wrong\nmore")
    return msgspec.structs.replace(worse, sandbox=sandbox, seed=seed)


def moved(book: Book, new_key: Key, new: SubmissionResult) -> Move:
    book.add_result("cnn", new_key, new)
    (move,) = moves(book, "cnn")
    return move


def test_where_nothing_waits_nothing_moves(book: Book) -> None:
    book.add_result("cnn", key(grader="g2"), result())
    assert moves(book, "cnn") == []


def test_a_move_says_whose_and_from_what_to_what(book: Book) -> None:
    move = moved(book, key(grader="g2"), failed())
    assert (move.before.student, move.number, move.before.score, move.after.score) == ("ann", 1, 100, 60)
    assert (move.counts.score, move.waits.score, move.scores) == (100, 60, True)


def test_a_move_names_the_checks_and_the_first_line_of_what_they_say(book: Book) -> None:
    assert moved(book, key(grader="g2"), failed()).checks == (
        CheckMove(
            "conv2d.grad_bias",
            Verdict("conv2d.grad_bias", Status.PASSED, 40, 40),
            Verdict("conv2d.grad_bias", Status.FAILED, 0, 40),
            "the sign is wrong",
        ),
    )


WHY = [
    (key(grader="g2"), failed(), "the grader changed"),
    (key(assignment="a2"), failed(), "the assignment changed"),
    (key(environment="e2"), failed(numpy="2.4"), "the environment changed: numpy 2.3 -> 2.4"),
    (key(environment="e2"), failed(sandbox="landlock"), "the environment changed: sandbox limits -> landlock"),
    (Key(sha(GOOD), "a1", "g1", "e1", 5), failed(seed=5), "another seed: 0 -> 5"),
    (key(), failed(), "nothing changed: its verdicts differ from one run to the next"),
    (key(assignment="a2", grader="g2"), failed(), "the assignment changed; the grader changed"),
]


@pytest.mark.parametrize(("new_key", "new", "why"), WHY, ids=[w[2] for w in WHY])
def test_a_move_says_what_changed(book: Book, new_key: Key, new: SubmissionResult, why: str) -> None:
    assert "; ".join(moved(book, new_key, new).why) == why


def test_a_check_that_is_new_or_gone_moves(book: Book) -> None:
    whole = result()
    other = msgspec.structs.replace(whole.checks[1], id="conv2d.grad_input")
    checks = moved(book, key(assignment="a2"), msgspec.structs.replace(whole, checks=(whole.checks[0], other))).checks
    assert [(c.check, c.before and c.before.status, c.after and c.after.status) for c in checks] == [
        ("conv2d.grad_bias", Status.PASSED, None),
        ("conv2d.grad_input", None, Status.PASSED),
    ]


def test_a_score_that_somebody_set_does_not_move(book: Book) -> None:
    book.enter(Kind.SCORE, who="kim", why="so", assignment="cnn", student="ann", points=70.0)
    move = moved(book, key(grader="g2"), failed())
    assert (move.before.score, move.after.score, move.scores) == (70, 70, False)


def test_an_attempt_that_may_come_to_count_is_a_move(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann", POOR, number=2)])
    book.add_result("cnn", key(POOR), result(POOR, second=Status.FAILED))
    book.add_result("cnn", key(POOR, grader="g2"), result(POOR))
    (move,) = moves(book, "cnn", ClassRules(attempts="last"))
    assert (move.number, move.before.score, move.after.score) == (2, 60, 100)


def test_everybody_who_handed_the_same_in_moves(book: Book) -> None:
    book.add_attempts("cnn", [attempt("bob", GOOD), attempt("cy", BAD)])
    book.add_result("cnn", key(grader="g2"), failed())
    assert [m.before.student for m in moves(book, "cnn")] == ["ann", "bob"]
