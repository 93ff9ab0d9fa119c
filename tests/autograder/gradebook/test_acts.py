"""What people do: it takes effect, and what makes no sense is refused with what would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import load_assignment
from autograder.gradebook import Book, BookError, ClassRules, Kind
from autograder.gradebook.acts import Desk
from autograder.gradebook.late import LatePolicy
from autograder.handins import Id, Person
from autograder.verdict import Status
from tests.autograder.gradebook.fakes import BAD, POOR, Clock, attempt, key, result, sha

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DUE = datetime(2026, 10, 31, tzinfo=UTC)
RULES = ClassRules(late={"cnn": LatePolicy(deadline=DUE, penalty_percent=10)})
TASK, ENGINE = load_assignment("cnn"), load_assignment("autograd")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Kim's desk. Ann handed in twice, Bob something that cannot be read, Cy nothing."""
    with Book(tmp_path / "book.sqlite", clock=Clock()) as book:
        people = [Person("ann", "Ann Archer", {Id.EMAIL: "ann@example.org"}), Person("bob", "Bob"), Person("cy", "Bob")]
        book.add_roster(people)
        book.add_attempts("cnn", [attempt("ann", POOR), attempt("ann", BAD, number=2), attempt("bob", None)])
        book.add_result("cnn", key(POOR), result(POOR, second=Status.FAILED))
        book.add_result("cnn", key(BAD), result(BAD, first=Status.ERROR, second=Status.SKIPPED))
        yield Desk(book, TASK, RULES, "kim")


# ---- who ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ann", "Ann Archer", "ANN ARCHER", "ann@example.org", " Ann "])
def test_a_student_is_found_by_key_name_or_identifier(desk: Desk, name: str) -> None:
    assert desk.row(name).student == "ann"


def test_a_key_goes_before_a_name(desk: Desk) -> None:
    assert desk.row("bob").student == "bob"


def test_a_name_that_two_have_is_nobodys(desk: Desk) -> None:
    with pytest.raises(BookError, match="expected one student, got 'BOB', which fits bob, cy"):
        desk.row("BOB")


def test_an_unknown_student_is_told_the_nearest(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"got 'Anne Archer'\. Do you mean 'Ann Archer'\?"):
        desk.row("Anne Archer")


def test_an_unknown_student_like_no_other_is_told_who_there_is(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"got 'xyzzy'\. There are: ann, Ann Archer"):
        desk.row("xyzzy")


# ---- every act ---------------------------------------------------------------------------------------------

ACTS: dict[str, Callable[[Desk, str], object]] = {
    "score": lambda desk, why: desk.set_score("ann", 80, why),
    "check": lambda desk, why: desk.set_check("ann", "conv2d.grad_bias", 5, why),
    "days late": lambda desk, why: desk.set_days_late("ann", 1, why),
    "extension": lambda desk, why: desk.extend("ann", DUE, why),
    "mark": lambda desk, why: Desk(desk.book, ENGINE, RULES, desk.who).mark("ann", "memory", 5, why),
    "undo": lambda desk, why: desk.undo(desk.set_score("ann", 80, "so"), why),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_an_act_is_entered_with_who_and_why(desk: Desk, act: Callable[[Desk, str], object]) -> None:
    number = act(desk, "  because ")
    (e,) = [e for e in desk.book.entries() if e.id == number]
    assert (e.who, e.why) == ("kim", "because")


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_an_act_without_a_reason_is_refused(desk: Desk, act: Callable[[Desk, str], object]) -> None:
    with pytest.raises(BookError, match=r"expected a reason, got none\. Say why"):
        act(desk, "  ")


def test_an_act_of_nobody_is_refused(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"expected a name for who does this, got none\. Give it with --who"):
        Desk(desk.book, TASK, RULES, " ").set_score("ann", 80, "so")


# ---- points ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [0, 100])
def test_a_score_is_set_within_its_range(desk: Desk, points: float) -> None:
    desk.set_score("ann", points, "so")
    assert desk.row("ann").score == points


@pytest.mark.parametrize("points", [-0.5, 100.5, float("nan"), float("inf")])
def test_a_score_out_of_range_is_refused(desk: Desk, points: float) -> None:
    with pytest.raises(BookError, match="the score of the checks: expected 0 to 100 points, got"):
        desk.set_score("ann", points, "so")


def test_a_check_is_set_on_the_attempt_that_counts(desk: Desk) -> None:
    desk.set_check("ann", "conv2d.grad_bias", 5, "so")
    assert [a.raw for a in desk.row("ann").attempts] == [65, 0]


def test_a_check_is_set_on_the_attempt_that_is_named(desk: Desk) -> None:
    desk.set_check("ann", "conv2d.grad_bias", 5, "so", attempt=2)
    assert [a.raw for a in desk.row("ann").attempts] == [60, 5]


def test_a_check_has_its_own_most_points(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"conv2d\.grad_bias: expected 0 to 6 points, got 11"):
        desk.set_check("ann", "conv2d.grad_bias", 11, "so")


def test_an_unknown_check_is_told_the_nearest(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"a check of cnn, got 'conv2d.bias'\. Do you mean 'conv2d.grad_bias'"):
        desk.set_check("ann", "conv2d.bias", 1, "so")


def test_an_attempt_that_there_is_not_is_refused(desk: Desk) -> None:
    with pytest.raises(BookError, match="ann: expected one of 2 attempts, got number 3"):
        desk.set_check("ann", "conv2d.grad_bias", 1, "so", attempt=3)


def test_a_check_of_what_cannot_be_read_has_no_points(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"attempt 1 cannot be read \(it is a picture\)\. Set the whole score instead"):
        desk.set_check("bob", "conv2d.grad_bias", 1, "so")


def test_a_check_of_nothing_has_no_points(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"cy: handed nothing in\. Set the whole score: leave --check out"):
        desk.set_check("cy", "conv2d.grad_bias", 1, "so")


# ---- written parts -----------------------------------------------------------------------------------------


def test_the_parts_of_the_engines_assignment_come_to_40_points(desk: Desk) -> None:
    engine = Desk(desk.book, ENGINE, RULES, "kim")
    engine.mark_all([("ann", w.id, w.points, "all there") for w in ENGINE.config.written])
    assert (engine.row("ann").score, engine.row("ann").max_score) == (40, 140)


def test_a_part_that_there_is_not_is_told_the_nearest(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"a written part of autograd, got 'memry'\. Do you mean 'memory'"):
        Desk(desk.book, ENGINE, RULES, "kim").mark("ann", "memry", 1, "so")


def test_an_assignment_without_written_parts_has_none_to_mark(desk: Desk) -> None:
    with pytest.raises(BookError, match="a written part of cnn, got 'memory'"):
        desk.mark("ann", "memory", 1, "so")


def test_of_marks_one_of_which_makes_no_sense_none_is_entered(desk: Desk) -> None:
    engine = Desk(desk.book, ENGINE, RULES, "kim")
    with pytest.raises(BookError, match="bob, memory: expected 0 to 6 points, got 7"):
        engine.mark_all([("ann", "memory", 6, "so"), ("bob", "memory", 7, "so")])
    assert desk.book.entries() == []


# ---- time --------------------------------------------------------------------------------------------------


def test_an_extension_needs_a_deadline(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"cnn: expected a deadline to extend, found no \[late.cnn\] in class.toml"):
        Desk(desk.book, TASK, ClassRules(), "kim").extend("ann", DUE, "ill")


def test_an_extension_takes_effect(desk: Desk) -> None:
    desk.book.add_attempts("cnn", [attempt("cy", POOR, submitted_at=DUE + timedelta(days=1))])
    assert desk.row("cy").score == 50
    desk.extend("cy", DUE + timedelta(days=1), "ill")
    assert desk.row("cy").score == 60


def test_days_late_take_effect(desk: Desk) -> None:
    desk.set_days_late("ann", 2, "by the mail server")
    assert desk.row("ann").score == 40


def test_days_late_are_of_one_attempt_also_where_two_have_the_same_content(desk: Desk) -> None:
    desk.book.add_attempts("cnn", [attempt("ann", POOR, late=True)])
    desk.set_days_late("ann", 2, "by the mail server", attempt=3)
    assert [a.late.days for a in desk.row("ann").attempts] == [0, 0, 2]
    assert desk.row("ann").score == 60
    desk.set_days_late("ann", 1, "it was on the 1st", attempt=3)
    assert [a.late.days for a in desk.row("ann").attempts] == [0, 0, 1]


def test_days_late_that_name_a_content_alone_hold_until_one_attempt_is_decided(desk: Desk) -> None:
    desk.book.enter(Kind.DAYS_LATE, who="kim", why="so", assignment="cnn", student="ann", hand_in=sha(POOR), points=3.0)
    assert desk.row("ann").attempts[0].late.days == 3
    desk.set_days_late("ann", 0, "it was not", attempt=1)
    assert desk.row("ann").attempts[0].late.days == 0


# ---- accepting ---------------------------------------------------------------------------------------------


def stale(desk: Desk) -> None:
    desk.book.add_attempts("cnn", [attempt("cy", POOR)])
    desk.book.add_result("cnn", key(POOR, grader="g2"), result(POOR))


def test_accepting_makes_what_waits_count_and_gives_the_reason(desk: Desk) -> None:
    stale(desk)
    assert [m.before.student for m in desk.accept(None, "")] == ["ann", "cy"]
    assert (desk.row("ann").score, desk.row("cy").score) == (100, 100)
    assert {e.why for e in desk.book.entries()} == {"the grader changed"}


def test_accepting_one_students_leaves_others_waiting(desk: Desk) -> None:
    stale(desk)
    desk.accept("Ann Archer", "checked by hand")
    assert (desk.row("ann").score, desk.row("cy").score) == (100, 60)
    assert [e.why for e in desk.book.entries()] == ["checked by hand"]


def test_accepting_twice_changes_nothing(desk: Desk) -> None:
    stale(desk)
    desk.accept(None, "")
    assert desk.accept(None, "") == []
    assert len(desk.book.entries()) == 2


# ---- undoing -----------------------------------------------------------------------------------------------


def test_undoing_brings_back_what_was(desk: Desk) -> None:
    desk.undo(desk.set_score("ann", 80, "so"), "not so")
    assert desk.row("ann").score == 60


def test_undoing_an_undo_brings_back_what_it_undid(desk: Desk) -> None:
    desk.undo(desk.undo(desk.set_score("ann", 80, "so"), "not so"), "so after all")
    assert desk.row("ann").score == 80


def test_an_entry_that_there_is_not_is_refused(desk: Desk) -> None:
    with pytest.raises(BookError, match=r"expected the number of an entry of cnn, got 7\. `autograder book history`"):
        desk.undo(7, "so")


def test_an_entry_of_another_assignment_is_refused(desk: Desk) -> None:
    number = desk.set_score("ann", 80, "so")
    with pytest.raises(BookError, match="expected the number of an entry of autograd"):
        Desk(desk.book, ENGINE, RULES, "kim").undo(number, "so")


def test_undoing_twice_is_told_what_to_do(desk: Desk) -> None:
    number = desk.set_score("ann", 80, "so")
    by = desk.undo(number, "not so")
    with pytest.raises(BookError, match=rf"was undone by entry {by} \(kim\)\. To bring it back, undo entry {by}"):
        desk.undo(number, "not so")
