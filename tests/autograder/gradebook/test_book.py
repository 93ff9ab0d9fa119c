"""The book: what came is kept once, what is stale is pending, what was finished is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from autograder.gradebook import Book, BookError, Key, Kind
from autograder.handins import Attempt, Id, Person
from autograder.verdict import Status
from tests.autograder.gradebook.fakes import BAD, GOOD, POOR, START, Clock, attempt, key, result, sha

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN = Person("1001", "Ann Archer", {Id.EMAIL: "ann@example.org", Id.SID: "0042"})
BOB = Person("1002", "Bob Baker")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path / "book.sqlite", clock=Clock()) as b:
        yield b


def count(book: Book, table: str) -> int:
    with book.reading():
        return len(list(book.rows(f"SELECT 1 FROM {table}")))


def key_of(hand_in: str) -> Key:
    return Key(hand_in, "a1", "g1", "e1", 0)


# ---- the roster --------------------------------------------------------------------------------------------


def test_without_a_roster_nobody_is_on_it(book: Book) -> None:
    assert book.roster() == []


def test_a_roster_comes_back_as_it_was_given(book: Book) -> None:
    book.add_roster([BOB, ANN])
    assert book.roster() == [BOB, ANN]


def test_the_latest_roster_holds_and_earlier_ones_stay(book: Book) -> None:
    book.add_roster([ANN, BOB])
    book.add_roster([ANN])
    assert book.roster() == [ANN]
    assert count(book, "roster") == 2


def test_the_same_roster_again_is_not_written(book: Book) -> None:
    book.add_roster([ANN, BOB])
    book.add_roster([Person(ANN.student, ANN.name, dict(sorted(ANN.ids.items(), reverse=True))), BOB])
    assert count(book, "roster") == 1


# ---- attempts ----------------------------------------------------------------------------------------------


def test_an_attempt_comes_back_as_it_was_given_but_for_its_content(book: Book) -> None:
    seoul = datetime.fromisoformat("2026-10-31T12:00:00.25+09:00")
    given = Attempt("ann", "Ann", {Id.CANVAS: "7"}, 2, seoul, True, "a/b.py", GOOD)
    book.add_attempts("cnn", [given])
    (stored,) = book.attempts("cnn")
    assert stored.attempt == Attempt("ann", "Ann", {Id.CANVAS: "7"}, 2, seoul.astimezone(UTC), True, "a/b.py")
    assert stored.hand_in == sha(GOOD)
    assert book.content(stored.hand_in) == GOOD


def test_what_cannot_be_read_is_kept_with_its_problem(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann", None)])
    (stored,) = book.attempts("cnn")
    assert (stored.hand_in, stored.attempt.problem) == ("", "it is a picture")


def test_attempts_that_are_known_are_not_added_again(book: Book) -> None:
    both = [attempt("ann", GOOD, submitted_at=START), attempt("ann", None, number=2), attempt("bob", GOOD)]
    book.add_attempts("cnn", both)
    book.add_attempts("cnn", [*both, attempt("bob", GOOD, origin="in another zip")])
    assert count(book, "attempt") == 3


def test_a_content_is_kept_once_whoever_hands_it_in(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann"), attempt("bob"), attempt("bob", number=2)])
    book.add_attempts("rnn", [attempt("ann")])
    assert count(book, "content") == 1


@pytest.mark.parametrize(
    "other",
    [{"content": BAD}, {"number": 2}, {"submitted_at": START}, {"student": "anna"}, {"ids": {Id.CANVAS: "7"}}],
)
def test_another_content_number_time_student_or_account_is_another_attempt(
    book: Book, other: dict[str, object]
) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    book.add_attempts("cnn", [replace(attempt("ann"), **other)])  # type: ignore[arg-type] # as `other` has them
    assert len(book.attempts("cnn")) == 2


@pytest.mark.parametrize("other", [{"late": False}, {"name": "Ann"}])
def test_another_name_or_no_mark_any_more_corrects_the_attempt(book: Book, other: dict[str, object]) -> None:
    book.add_attempts("cnn", [attempt("ann", late=True), attempt("bob")])
    book.add_attempts("cnn", [replace(attempt("ann", late=True), **other)])  # type: ignore[arg-type] # as `other` has them
    ann, bob = book.attempts("cnn")
    assert (ann.id, ann.attempt) == (1, Attempt("ann", **{"late": True, **other}))  # type: ignore[arg-type] # as before
    assert bob.attempt.student == "bob"


def test_a_mark_corrects_an_attempt_whose_time_is_told(book: Book) -> None:
    for late in (False, True):
        book.add_attempts("cnn", [attempt("ann", submitted_at=START, late=late)])
    (ann,) = book.attempts("cnn")
    assert (ann.id, ann.attempt.late) == (1, True)


def test_the_same_content_marked_late_without_a_time_is_another_attempt(book: Book) -> None:
    for late in (False, True, True):
        book.add_attempts("cnn", [attempt("ann", late=late)])
    assert [(a.id, a.attempt.late) for a in book.attempts("cnn")] == [(1, False), (2, True)]
    assert count(book, "attempt") == 2


def test_an_earlier_content_again_is_a_later_attempt_where_no_time_is_told(book: Book) -> None:
    for content in (GOOD, POOR, GOOD, GOOD):
        book.add_attempts("cnn", [attempt("ann", content), attempt("bob", GOOD)])
    assert [a.hand_in for a in book.attempts("cnn") if a.attempt.student == "ann"] == [sha(GOOD), sha(POOR), sha(GOOD)]
    assert count(book, "attempt") == 4


def test_an_earlier_content_again_at_a_known_time_is_not_another_attempt(book: Book) -> None:
    for content in (GOOD, POOR, GOOD):
        book.add_attempts("cnn", [attempt("ann", content, submitted_at=START)])
    assert count(book, "attempt") == 2


def test_a_correction_of_a_later_attempt_leaves_the_earlier_one_of_that_content(book: Book) -> None:
    for content in (GOOD, POOR, GOOD):
        book.add_attempts("cnn", [attempt("ann", content)])
    book.add_attempts("cnn", [attempt("ann", GOOD, name="Ann")])
    assert [(a.id, a.attempt.name) for a in book.attempts("cnn")] == [(1, ""), (2, ""), (3, "Ann")]


@pytest.mark.parametrize("again", [GOOD, POOR, None])
def test_numbered_attempts_of_one_download_are_not_added_again(book: Book, again: bytes | None) -> None:
    numbered = [attempt("ann", content, number=n) for n, content in enumerate((GOOD, POOR, again), 1)]
    for _time in range(2):
        book.add_attempts("cnn", numbered)
    assert count(book, "attempt") == len(book.attempts("cnn")) == 3


def test_assignments_are_those_that_something_was_handed_in_for(book: Book) -> None:
    book.add_attempts("rnn", [attempt("ann")])
    book.add_attempts("cnn", [attempt("ann", None)])
    assert book.assignments() == ["cnn", "rnn"]


def test_a_content_that_the_book_does_not_have_is_an_error(book: Book) -> None:
    with pytest.raises(BookError, match="expected a hand-in that is in the book, got the SHA-256 123"):
        book.content("123")


# ---- results -----------------------------------------------------------------------------------------------


def test_each_content_without_a_result_is_pending_once_and_unreadable_ones_are_not(book: Book) -> None:
    book.add_attempts("cnn", [attempt("bob", BAD, origin="b"), attempt("ann", origin="a"), attempt("cy", origin="c")])
    book.add_attempts("cnn", [attempt("dee", None)])
    book.add_attempts("rnn", [attempt("ann", POOR)])
    assert [(p.hand_in, p.origin) for p in book.pending("cnn", key_of)] == [(sha(BAD), "b"), (sha(GOOD), "a")]


def test_what_has_a_result_under_its_key_is_not_pending(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann"), attempt("bob", BAD)])
    book.add_result("cnn", key(GOOD), result(GOOD))
    assert [p.hand_in for p in book.pending("cnn", key_of)] == [sha(BAD)]


@pytest.mark.parametrize("part", ["assignment", "grader", "environment"])
def test_what_has_a_result_under_another_key_is_stale(book: Book, part: str) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    book.add_result("cnn", key(GOOD, **{part: "old"}), result(GOOD))
    assert [p.hand_in for p in book.pending("cnn", key_of)] == [sha(GOOD)]


def test_a_result_under_another_seed_is_stale(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    book.add_result("cnn", key(), result())
    assert len(book.pending("cnn", lambda h: Key(h, "a1", "g1", "e1", 1))) == 1


def test_a_result_of_another_assignment_does_not_count(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    book.add_attempts("rnn", [attempt("ann")])
    book.add_result("rnn", key(), result())
    assert len(book.pending("cnn", key_of)) == 1


def test_a_result_in_which_the_grader_failed_is_kept_and_pending_again(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    number = book.add_result("cnn", key(), result(second=Status.GRADER_FAULT))
    assert len(book.pending("cnn", key_of)) == 1
    assert book.result(number).faulty


def test_a_result_comes_back_as_it_was_given(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    given = result(message="글\n\x00")
    assert book.result(book.add_result("cnn", key(), given)) == given


def test_a_result_in_short_says_what_the_whole_one_does(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann")])
    book.add_result("cnn", key(), result(second=Status.TIMEOUT))
    ((stored,),) = book.results("cnn").values()
    assert (stored.key, stored.score, stored.max_score, stored.faulty) == (key(), 60, 100, False)
    assert stored.verdicts == (
        ("conv2d.forward", Status.PASSED, 60, 60),
        ("conv2d.grad_bias", Status.TIMEOUT, 0, 40),
    )
    assert stored.at == START + timedelta(seconds=2)


def test_a_result_needs_its_hand_in_in_the_book(book: Book) -> None:
    with pytest.raises(BookError, match="expected a hand-in that is in the book"):
        book.add_result("cnn", key(), result())


def test_a_result_under_the_key_of_another_hand_in_is_our_own_fault(book: Book) -> None:
    book.add_attempts("cnn", [attempt("ann"), attempt("bob", BAD)])
    with pytest.raises(ValueError, match="expected the key of this result"):
        book.add_result("cnn", key(BAD), result(GOOD))


def test_a_result_that_is_not_there_is_an_error(book: Book) -> None:
    with pytest.raises(BookError, match="expected the number of a result, got 7"):
        book.result(7)


# ---- entries -----------------------------------------------------------------------------------------------


def test_an_entry_comes_back_with_who_when_and_why(book: Book) -> None:
    until = START + timedelta(days=3)
    number = book.enter(Kind.EXTENSION, who="kim", why="ill", assignment="cnn", student="ann", until=until)
    (e,) = book.entries()
    assert (e.id, e.at, e.who, e.why, e.kind) == (number, START + timedelta(seconds=1), "kim", "ill", Kind.EXTENSION)
    assert (e.assignment, e.student, e.until, e.undone_by) == ("cnn", "ann", until, 0)


@pytest.mark.parametrize(("who", "why"), [("", "ill"), ("kim", ""), ("kim", "  ")])
def test_an_entry_without_who_or_why_is_refused(book: Book, who: str, why: str) -> None:
    with pytest.raises(BookError, match="CHECK constraint failed"):
        book.enter(Kind.SCORE, who=who, why=why, assignment="cnn", student="ann", points=1.0)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.SCORE, {"points": 1.0}),
        (Kind.SCORE, {"student": "ann"}),
        (Kind.SCORE, {"student": "ann", "points": -1.0}),
        (Kind.CHECK, {"student": "ann", "points": 1.0, "part": "policy"}),
        (Kind.MARK, {"student": "ann", "points": 1.0}),
        (Kind.DAYS_LATE, {"student": "ann", "points": 1.0}),
        (Kind.EXTENSION, {"student": "ann"}),
        (Kind.ACCEPT, {"student": "ann"}),
        (Kind.UNDO, {}),
    ],
)
def test_an_entry_that_lacks_what_it_needs_is_refused(book: Book, kind: Kind, values: dict[str, object]) -> None:
    with pytest.raises(BookError, match="CHECK constraint failed"):
        book.enter(kind, who="kim", why="so", assignment="cnn", **values)  # type: ignore[arg-type] # as `values` has them


def score(book: Book) -> int:
    return book.enter(Kind.SCORE, who="kim", why="so", assignment="cnn", student="ann", points=1.0)


def undo(book: Book, number: int) -> int:
    return book.enter(Kind.UNDO, who="kim", why="no", assignment="cnn", undoes=number)


def test_an_entry_says_by_which_it_was_undone(book: Book) -> None:
    first = score(book)
    second = undo(book, first)
    assert [(e.id, e.undone_by) for e in book.entries()] == [(first, second), (second, 0)]


def test_an_undo_that_is_undone_undoes_nothing(book: Book) -> None:
    first = score(book)
    again = undo(book, undo(book, first))
    assert [e.undone_by for e in book.entries()] == [0, again, 0]


def test_an_undo_of_an_undo_can_be_undone(book: Book) -> None:
    first = score(book)
    second = undo(book, first)
    fourth = undo(book, undo(book, second))
    assert [e.undone_by for e in book.entries()] == [second, 0, fourth, 0]


def test_an_entry_is_undone_once(book: Book) -> None:
    first = score(book)
    undo(book, first)
    with pytest.raises(BookError, match="UNIQUE"):
        undo(book, first)


def test_the_entries_of_an_assignment_have_their_undos_and_no_others(book: Book) -> None:
    other = book.enter(Kind.SCORE, who="kim", why="so", assignment="rnn", student="ann", points=1.0)
    first = score(book)
    mine = [first, book.enter(Kind.UNDO, who="kim", why="no", undoes=first)]
    book.enter(Kind.UNDO, who="kim", why="no", undoes=other)
    assert [e.id for e in book.entries("cnn")] == mine
