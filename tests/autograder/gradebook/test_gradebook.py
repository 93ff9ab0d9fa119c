"""The gradebook: which attempt counts, what it comes to, and why.

Longer than most: the rules meet in one line of the gradebook, and their tests share the class that they begin with.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import Written
from autograder.gradebook import Book, ClassRules, Kind, Row
from autograder.gradebook.late import Lateness, LatePolicy
from autograder.gradebook.view import State
from autograder.handins import Id, Person
from autograder.verdict import Status, SubmissionResult
from tests.autograder.gradebook.fakes import BAD, GOOD, POOR, START, Clock, attempt, key, result, sha

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from autograder.handins import Attempt

DUE = datetime(2026, 10, 31, tzinfo=UTC)
LATE = ClassRules(late={"cnn": LatePolicy(deadline=DUE, penalty_percent=10, cap_percent=50)})
TERM = ClassRules(
    late_days=2,
    late={
        "autograd": LatePolicy(deadline=DUE - timedelta(days=30), penalty_percent=10),
        "cnn": LatePolicy(deadline=DUE, penalty_percent=10),
        "rnn": LatePolicy(deadline=DUE + timedelta(days=30), penalty_percent=10),
    },
)
LAST = ClassRules(attempts="last")
WRITTEN = (Written("essay", "Essay", 8), Written("proof", "Proof", 6))


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """A book with results of three hand-ins: GOOD 100 points, POOR 60, BAD 0."""
    with Book(tmp_path / "book.sqlite", clock=Clock()) as b:
        b.add_attempts("cnn", [attempt("zoe", content) for content in (GOOD, POOR, BAD)])
        graded(b, result(GOOD))
        graded(b, result(POOR, second=Status.FAILED))
        graded(b, result(BAD, first=Status.ERROR, second=Status.SKIPPED))
        yield b


def graded(book: Book, given: SubmissionResult, assignment: str = "cnn", grader: str = "g1") -> int:
    content = next(c for c in (GOOD, POOR, BAD, b"new") if sha(c) == given.submission.sha256)
    return book.add_result(assignment, key(content, grader=grader), given)


def handed_in(book: Book, *attempts: Attempt, assignment: str = "cnn") -> None:
    book.add_attempts(assignment, attempts)


def entered(book: Book, kind: Kind, student: str = "ann", **values: object) -> int:
    given = {"who": "kim", "why": "so", "assignment": "cnn", "student": student, **values}
    return book.enter(kind, **given)  # type: ignore[arg-type] # as `given` has them


def row(
    book: Book,
    student: str = "ann",
    rules: ClassRules | None = None,
    written: Sequence[Written] = (),
    assignment: str = "cnn",
) -> Row:
    return next(r for r in book.gradebook(assignment, rules, written).rows if r.student == student)


# ---- which attempt counts ----------------------------------------------------------------------------------


def counts(r: Row) -> int:
    assert r.counts is not None
    return r.counts.number


def test_the_best_attempt_counts(book: Book) -> None:
    handed_in(book, attempt("ann", POOR), attempt("ann", GOOD, number=2), attempt("ann", BAD, number=3))
    assert (counts(row(book)), row(book).score) == (2, 100)


def test_of_equally_good_attempts_the_earlier_counts(book: Book) -> None:
    handed_in(book, attempt("ann", POOR), attempt("ann", GOOD, number=2), attempt("ann", GOOD, number=3))
    assert counts(row(book)) == 2


def test_the_last_attempt_counts_if_the_class_says_so(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD), attempt("ann", POOR, number=2))
    assert (counts(row(book, rules=LAST)), row(book, rules=LAST).score) == (2, 60)


def test_the_last_is_the_last_by_time_where_every_time_is_known(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD, submitted_at=DUE), attempt("ann", POOR, submitted_at=START))
    assert row(book, rules=LAST).score == 100


def test_the_last_is_the_last_that_came_where_a_time_is_unknown(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD, submitted_at=DUE), attempt("ann", POOR))
    assert row(book, rules=LAST).score == 60


def test_an_earlier_content_that_is_handed_in_again_is_the_last(book: Book) -> None:
    for content in (POOR, GOOD, POOR):
        handed_in(book, attempt("ann", content))
    assert (counts(row(book, rules=LAST)), row(book, rules=LAST).score) == (3, 60)


def test_the_same_content_again_late_does_not_make_the_first_one_late(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    handed_in(book, attempt("ann", GOOD, late=True))
    r = row(book, rules=LATE)
    assert (counts(r), r.score, r.state) == (1, 100, State.GRADED)
    assert [a.late.state for a in r.attempts] == [Lateness.ON_TIME, Lateness.UNKNOWN]


def test_a_late_attempt_counts_only_if_it_is_better_with_its_penalty(book: Book) -> None:
    late = DUE + timedelta(days=4.5)
    handed_in(book, attempt("ann", POOR, submitted_at=START), attempt("ann", GOOD, number=2, submitted_at=late))
    assert (counts(row(book, rules=LATE)), row(book, rules=LATE).score) == (1, 60)


def test_attempts_of_the_same_score_and_one_that_cannot_be_read(book: Book) -> None:
    handed_in(book, attempt("ann", None), attempt("ann", BAD, number=2))
    assert counts(row(book)) == 2


# ---- states ------------------------------------------------------------------------------------------------


def test_an_attempt_without_a_result_waits_and_has_no_score(book: Book) -> None:
    handed_in(book, attempt("ann", b"new"))
    assert (row(book).state, row(book).score) == (State.WAITING, None)


def test_the_best_is_not_known_before_every_attempt_is_graded(book: Book) -> None:
    handed_in(book, attempt("ann", POOR), attempt("ann", b"new", number=2))
    assert (row(book).state, row(book).score) == (State.WAITING, 60)


def test_the_last_is_known_when_it_is_graded(book: Book) -> None:
    handed_in(book, attempt("ann", b"new"), attempt("ann", POOR, number=2))
    assert row(book, rules=LAST).state is State.GRADED


def test_what_cannot_be_read_gets_0_and_says_why(book: Book) -> None:
    handed_in(book, attempt("ann", None))
    r = row(book)
    assert (r.state, r.score) == (State.UNREADABLE, 0)
    assert r.counts is not None
    assert r.counts.attempt.problem == "it is a picture"


def test_a_fault_of_the_grader_is_shown_with_the_points_of_the_other_checks(book: Book) -> None:
    handed_in(book, attempt("ann", b"new"))
    graded(book, result(b"new", second=Status.GRADER_FAULT))
    assert (row(book).state, row(book).score) == (State.FAULT, 60)
    assert [(r.student, a.number) for r, a in book.gradebook("cnn").faults] == [("ann", 1)]


def test_a_fault_is_settled_when_it_is_graded_again(book: Book) -> None:
    handed_in(book, attempt("ann", b"new"))
    graded(book, result(b"new", second=Status.GRADER_FAULT))
    graded(book, result(b"new"))
    assert (row(book).state, row(book).score) == (State.GRADED, 100)
    assert book.gradebook("cnn").faults == []


def test_a_fault_after_a_good_result_changes_no_score_and_is_listed(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    graded(book, result(GOOD, second=Status.GRADER_FAULT), grader="g2")
    assert (row(book).state, row(book).score) == (State.GRADED, 100)
    assert "ann" in [r.student for r, _a in book.gradebook("cnn").faults]


@pytest.mark.parametrize("kind", [Kind.SCORE, Kind.CHECK])
def test_a_fault_is_settled_when_somebody_sets_the_points(book: Book, kind: Kind) -> None:
    handed_in(book, attempt("ann", b"new"))
    graded(book, result(b"new", second=Status.GRADER_FAULT))
    part = (
        {"part": "conv2d.grad_bias", "hand_in": sha(b"new"), "points": 40.0}
        if kind is Kind.CHECK
        else {"points": 100.0}
    )
    entered(book, kind, **part)
    assert (row(book).state, row(book).score) == (State.GRADED, 100)
    assert book.gradebook("cnn").faults == []


def test_points_of_another_check_do_not_settle_a_fault(book: Book) -> None:
    handed_in(book, attempt("ann", b"new"))
    graded(book, result(b"new", second=Status.GRADER_FAULT))
    entered(book, Kind.CHECK, part="conv2d.forward", hand_in=sha(b"new"), points=60.0)
    assert row(book).state is State.FAULT


def test_points_on_another_hand_in_do_not_settle_a_fault(book: Book) -> None:
    handed_in(book, attempt("ann", b"new"), attempt("ann", POOR, number=2))
    graded(book, result(b"new", second=Status.GRADER_FAULT))
    entered(book, Kind.CHECK, part="conv2d.grad_bias", hand_in=sha(POOR), points=1.0)
    assert [a.number for _r, a in book.gradebook("cnn").faults] == [1]


# ---- the roster --------------------------------------------------------------------------------------------


def test_who_is_on_the_roster_and_handed_nothing_in_is_missing(book: Book) -> None:
    book.add_roster([Person("zoe"), Person("bob", "Bob")])
    assert [(r.student, r.name, r.score) for r in book.gradebook("cnn").missing] == [("bob", "Bob", None)]
    assert row(book, "bob").state is State.MISSING


def test_who_is_not_on_the_roster_is_listed_after_those_who_are(book: Book) -> None:
    handed_in(book, attempt("ann"))
    book.add_roster([Person("zoe"), Person("bob")])
    grades = book.gradebook("cnn")
    assert [r.student for r in grades.rows] == ["zoe", "bob", "ann"]
    assert [r.student for r in grades.unmatched] == ["ann"]


def test_without_a_roster_nobody_is_off_it(book: Book) -> None:
    assert [(r.student, r.on_roster) for r in book.gradebook("cnn").rows] == [("zoe", True)]
    assert book.gradebook("cnn").unmatched == []


def test_a_line_has_the_name_and_the_identifiers_of_the_roster(book: Book) -> None:
    book.add_roster([Person("zoe", "Zoe Zimmer", {Id.SID: "007"})])
    assert (row(book, "zoe").name, row(book, "zoe").ids) == ("Zoe Zimmer", {Id.SID: "007"})


def test_two_accounts_of_one_name_are_two_lines(book: Book) -> None:
    handed_in(book, attempt("kim", POOR, ids={Id.CANVAS: "1"}), attempt("kim", GOOD, ids={Id.CANVAS: "2"}))
    lines = [(r.student, r.score, len(r.attempts)) for r in book.gradebook("cnn").rows]
    assert lines == [("kim (1)", 60, 1), ("kim (2)", 100, 1), ("zoe", 100, 3)]


def test_an_attempt_of_another_account_is_never_on_the_line_of_a_person_with_its_name(book: Book) -> None:
    book.add_roster([Person("kim", "Kim", {Id.CANVAS: "1"})])
    handed_in(book, attempt("kim", GOOD, ids={Id.CANVAS: "2"}))
    assert row(book, "kim").attempts == ()
    assert row(book, "kim (?)").score == 100


def test_what_fits_several_people_is_nobodys_and_said_to_be_unclear(book: Book) -> None:
    book.add_roster([Person("1", "Min Kim"), Person("2", "Kim Min")])
    handed_in(book, attempt("kim min"))
    (unclear,) = book.gradebook("cnn").unclear
    assert (unclear.attempt.student, [p.student for p in unclear.people]) == ("kim min", ["1", "2"])
    assert (row(book, "kim min").on_roster, row(book, "1").state, row(book, "2").state) == (
        False,
        State.MISSING,
        State.MISSING,
    )


# ---- being late --------------------------------------------------------------------------------------------


def test_without_a_policy_nothing_is_late(book: Book) -> None:
    handed_in(book, attempt("ann", submitted_at=DUE + timedelta(days=99), late=True))
    r = row(book)
    assert r.counts is not None
    assert (r.score, r.counts.late.state, r.state) == (100, Lateness.NO_DEADLINE, State.GRADED)


def test_being_late_costs_points_and_says_how_many_and_why(book: Book) -> None:
    handed_in(book, attempt("ann", submitted_at=DUE + timedelta(days=1.5)))
    r = row(book, rules=LATE)
    assert r.counts is not None
    assert (r.counts.raw, r.counts.score, r.score) == (100, 80, 80)
    assert (r.counts.late.state, r.counts.late.due, r.counts.late.days, r.counts.late.penalty) == (
        Lateness.LATE,
        DUE,
        2,
        20,
    )


def test_a_penalty_is_no_more_than_the_score(book: Book) -> None:
    handed_in(book, attempt("ann", BAD, submitted_at=DUE + timedelta(days=1)))
    r = row(book, rules=LATE)
    assert r.counts is not None
    assert (r.score, r.counts.late.penalty) == (0, 0)


def test_an_attempt_of_unknown_time_is_on_time(book: Book) -> None:
    handed_in(book, attempt("ann"))
    assert (row(book, rules=LATE).state, row(book, rules=LATE).score) == (State.GRADED, 100)


def test_one_of_unknown_time_that_was_marked_late_is_for_somebody_to_decide(book: Book) -> None:
    handed_in(book, attempt("ann", late=True))
    assert (row(book, rules=LATE).state, row(book, rules=LATE).score) == (State.UNDECIDED, 100)


@pytest.mark.parametrize(("days", "score"), [(0.0, 100), (2.0, 80)])
def test_somebody_decides_how_late_it_is(book: Book, days: float, score: float) -> None:
    handed_in(book, attempt("ann", late=True))
    entered(book, Kind.DAYS_LATE, points=days, hand_in=sha(GOOD))
    r = row(book, rules=LATE)
    assert r.counts is not None
    assert (r.state, r.score, r.counts.late.decided) == (State.GRADED, score, True)


def test_how_late_one_attempt_is_says_nothing_of_another(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD), attempt("ann", POOR, number=2))
    entered(book, Kind.DAYS_LATE, points=3.0, hand_in=sha(POOR))
    assert [a.score for a in row(book, rules=LATE).attempts] == [100, 30]


def test_the_time_goes_before_the_mark(book: Book) -> None:
    handed_in(book, attempt("ann", late=True, submitted_at=START))
    assert (row(book, rules=LATE).state, row(book, rules=LATE).score) == (State.GRADED, 100)


def test_an_extension_moves_the_deadline_of_one_student_in_one_assignment(book: Book) -> None:
    late = DUE + timedelta(days=1)
    handed_in(book, attempt("ann", submitted_at=late), attempt("bob", submitted_at=late))
    entered(book, Kind.EXTENSION, until=late)
    assert (row(book, rules=LATE).score, row(book, "bob", rules=LATE).score) == (100, 90)
    assert [e.who for e in row(book, rules=LATE).entries] == ["kim"]


def test_the_later_of_two_extensions_holds_and_when_it_is_undone_the_earlier(book: Book) -> None:
    handed_in(book, attempt("ann", submitted_at=DUE + timedelta(days=2)))
    entered(book, Kind.EXTENSION, until=DUE + timedelta(days=2))
    second = entered(book, Kind.EXTENSION, until=DUE + timedelta(days=1))
    assert row(book, rules=LATE).score == 90
    book.enter(Kind.UNDO, who="kim", why="no", undoes=second)
    assert row(book, rules=LATE).score == 100


# ---- late days ---------------------------------------------------------------------------------------------


def late_in(book: Book, assignment: str, days: float, content: bytes = GOOD) -> None:
    due = TERM.late[assignment].deadline
    handed_in(book, attempt("ann", content, submitted_at=due + timedelta(days=days)), assignment=assignment)
    graded(book, result(content), assignment)


def test_late_days_are_used_before_points_are_lost(book: Book) -> None:
    late_in(book, "cnn", 3)
    r = row(book, rules=TERM)
    assert r.counts is not None
    assert (r.score, r.counts.late.days, r.counts.late.late_days, r.late_days_left) == (90, 3, 2, 0)


def test_late_days_go_to_the_earlier_deadline_first(book: Book) -> None:
    for assignment in ("rnn", "cnn", "autograd"):
        late_in(book, assignment, 1)
    left = {
        a: (row(book, rules=TERM, assignment=a).score, row(book, rules=TERM, assignment=a).late_days_left)
        for a in TERM.late
    }
    assert left == {"autograd": (100, 1), "cnn": (100, 0), "rnn": (90, 0)}


def test_late_days_are_each_students_own(book: Book) -> None:
    late_in(book, "autograd", 2)
    handed_in(book, attempt("bob", submitted_at=DUE + timedelta(days=2)))
    assert row(book, "bob", rules=TERM).score == 100


def test_an_attempt_that_does_not_count_uses_no_late_days(book: Book) -> None:
    late_in(book, "autograd", -1)
    late_in(book, "autograd", 2)
    assert row(book, rules=TERM, assignment="autograd").late_days_left == 2


def test_a_score_that_somebody_set_uses_no_late_days(book: Book) -> None:
    late_in(book, "cnn", 2)
    entered(book, Kind.SCORE, points=70.0)
    assert (row(book, rules=TERM).score, row(book, rules=TERM).late_days_left) == (70, 2)


# ---- points that somebody set ------------------------------------------------------------------------------


def test_a_score_that_somebody_set_is_the_last_word_and_the_line_says_who_and_why(book: Book) -> None:
    handed_in(book, attempt("ann", POOR, submitted_at=DUE + timedelta(days=9)))
    entered(book, Kind.SCORE, points=75.0, why="our fault")
    r = row(book, rules=LATE)
    assert (r.score, r.state) == (75, State.GRADED)
    assert [(e.who, e.why, e.points) for e in r.entries] == [("kim", "our fault", 75)]
    assert r.counts is not None
    assert r.counts.score == 10


def test_a_score_can_be_set_for_who_handed_nothing_in(book: Book) -> None:
    book.add_roster([Person("ann")])
    entered(book, Kind.SCORE, points=50.0)
    assert (row(book).score, row(book).state) == (50, State.GRADED)


def test_points_of_a_check_count_on_the_hand_in_that_they_were_set_for(book: Book) -> None:
    handed_in(book, attempt("ann", POOR), attempt("ann", BAD, number=2))
    entered(book, Kind.CHECK, part="conv2d.grad_bias", hand_in=sha(POOR), points=30.0)
    assert [a.raw for a in row(book).attempts] == [90, 0]
    assert row(book, "zoe").score == 100


def test_points_of_a_check_are_reduced_for_being_late(book: Book) -> None:
    handed_in(book, attempt("ann", POOR, submitted_at=DUE + timedelta(days=1)))
    entered(book, Kind.CHECK, part="conv2d.grad_bias", hand_in=sha(POOR), points=40.0)
    assert row(book, rules=LATE).score == 90


def test_points_of_a_check_may_be_lowered(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    entered(book, Kind.CHECK, part="conv2d.forward", hand_in=sha(GOOD), points=0.0)
    assert row(book).score == 40


def test_what_was_undone_does_not_count_and_is_not_on_the_line(book: Book) -> None:
    handed_in(book, attempt("ann", POOR))
    number = entered(book, Kind.SCORE, points=75.0)
    book.enter(Kind.UNDO, who="lee", why="no", assignment="cnn", undoes=number)
    assert (row(book).score, row(book).entries) == (60, ())


def test_of_two_scores_the_later_holds_alone(book: Book) -> None:
    handed_in(book, attempt("ann", POOR))
    entered(book, Kind.SCORE, points=75.0)
    second = entered(book, Kind.SCORE, points=65.0)
    assert (row(book).score, [e.id for e in row(book).entries]) == (65, [second])


def test_what_was_entered_for_another_assignment_does_not_count(book: Book) -> None:
    handed_in(book, attempt("ann", POOR))
    entered(book, Kind.SCORE, points=75.0, assignment="rnn")
    assert row(book).score == 60


def test_what_was_entered_before_the_roster_came_stays_with_the_person(book: Book) -> None:
    handed_in(book, attempt("ann@example.org", POOR, ids={Id.EMAIL: "ann@example.org"}))
    entered(book, Kind.SCORE, "ann@example.org", points=75.0)
    book.add_roster([Person("1001", "Ann", {Id.EMAIL: "ann@example.org"})])
    assert row(book, "1001").score == 75


def test_what_was_entered_for_a_name_that_two_accounts_have_now_is_on_no_line_and_told(book: Book) -> None:
    handed_in(book, attempt("kim", POOR, ids={Id.CANVAS: "1"}))
    number = entered(book, Kind.SCORE, "kim", points=75.0)
    assert (row(book, "kim").score, book.gradebook("cnn").stray) == (75, ())
    handed_in(book, attempt("kim", GOOD, ids={Id.CANVAS: "2"}))
    assert (row(book, "kim (1)").score, row(book, "kim (2)").score) == (60, 100)
    assert [e.id for e in book.gradebook("cnn").stray] == [number]


def test_history_has_what_was_undone_and_replaced_on_the_line_that_it_concerns(book: Book) -> None:
    handed_in(book, attempt("ann", POOR))
    first, other, second = (entered(book, Kind.SCORE, who, points=5.0) for who in ("ann", "zoe", "ann"))
    undo = book.enter(Kind.UNDO, who="kim", why="no", assignment="cnn", undoes=second)
    assert [e.id for e in row(book).history] == [first, second, undo]
    assert [e.id for e in row(book).entries] == [first]
    assert [e.id for e in row(book, "zoe").history] == [other]


# ---- written parts -----------------------------------------------------------------------------------------


def test_written_parts_come_on_top_and_are_listed_apart(book: Book) -> None:
    handed_in(book, attempt("ann", POOR, submitted_at=DUE + timedelta(days=1)))
    entered(book, Kind.MARK, part="essay", points=7.5)
    r = row(book, rules=LATE, written=WRITTEN)
    assert (r.checks, r.written, r.unmarked, r.score) == (50, {"essay": 7.5}, ("proof",), 57.5)
    assert (r.max_checks, r.max_written, r.max_score) == (100, 14, 114)


def test_a_score_that_somebody_set_is_of_the_checks_alone(book: Book) -> None:
    entered(book, Kind.MARK, "zoe", part="essay", points=7.5)
    entered(book, Kind.SCORE, "zoe", points=10.0)
    assert row(book, "zoe", written=WRITTEN).score == 17.5


def test_a_written_part_counts_for_who_handed_in_no_code(book: Book) -> None:
    book.add_roster([Person("ann")])
    entered(book, Kind.MARK, part="essay", points=5.0)
    r = row(book, written=WRITTEN)
    assert (r.checks, r.score, r.state) == (None, 5, State.MISSING)


def test_a_part_that_the_assignment_no_longer_has_does_not_count(book: Book) -> None:
    entered(book, Kind.MARK, "zoe", part="poem", points=5.0)
    assert row(book, "zoe", written=WRITTEN).score == 100


# ---- results that wait -------------------------------------------------------------------------------------


def test_a_new_result_with_other_verdicts_waits(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    number = graded(book, result(GOOD, second=Status.FAILED), grader="g2")
    r = row(book)
    assert r.score == 100
    assert r.counts is not None
    assert r.counts.waits is not None
    assert r.counts.waits.id == number


def test_a_new_result_with_the_same_verdicts_counts_at_once(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    number = graded(book, result(GOOD, message="said otherwise"), grader="g2")
    counts = row(book).counts
    assert counts is not None
    assert counts.result is not None
    assert (counts.result.id, counts.waits) == (number, None)


def test_another_status_for_the_same_points_waits_too(book: Book) -> None:
    handed_in(book, attempt("ann", POOR))
    graded(book, result(POOR, second=Status.TIMEOUT), grader="g2")
    counts = row(book).counts
    assert counts is not None
    assert counts.waits is not None


def test_a_result_that_was_accepted_counts_for_that_student(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD), attempt("bob", GOOD))
    number = graded(book, result(GOOD, second=Status.FAILED), grader="g2")
    entered(book, Kind.ACCEPT, result=number)
    assert (row(book).score, row(book, "bob").score) == (60, 100)


def test_accepting_can_be_undone(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    number = graded(book, result(GOOD, second=Status.FAILED), grader="g2")
    accepted = entered(book, Kind.ACCEPT, result=number)
    book.enter(Kind.UNDO, who="kim", why="no", assignment="cnn", undoes=accepted)
    assert row(book).score == 100


def test_a_result_that_is_back_to_what_counts_leaves_nothing_waiting(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    graded(book, result(GOOD, second=Status.FAILED), grader="g2")
    graded(book, result(GOOD), grader="g3")
    counts = row(book).counts
    assert counts is not None
    assert (counts.score, counts.waits) == (100, None)


def test_as_if_all_were_accepted(book: Book) -> None:
    handed_in(book, attempt("ann", GOOD))
    graded(book, result(GOOD, second=Status.FAILED), grader="g2")
    rows = book.gradebook("cnn", accept_all=True).rows
    assert next(r.score for r in rows if r.student == "ann") == 60
