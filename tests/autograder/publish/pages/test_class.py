"""The instructor's pages: what they count, list and group, and that every link leads somewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from autograder.assignment import load_assignment
from autograder.gradebook import Book, ClassRules, Kind
from autograder.handins import Attempt, Id, Person
from autograder.publish.pages import write_class_pages
from autograder.publish.pages.failures import Failure, Who, groups, normal, ranked
from autograder.publish.pages.timeline import per_day
from autograder.verdict import Status
from tests.autograder.gradebook.fakes import Clock, key, result
from tests.autograder.publish.pages.classes import RULES, make_class
from tests.autograder.publish.pages.parsed import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDENTS = 20
CNN = load_assignment("cnn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a class."""
    there = tmp_path_factory.mktemp("class")
    with make_class(there / "book", STUDENTS, light=True) as book:
        write_class_pages(there / "pages", book, CNN, RULES)
    return there / "pages"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path / "book", clock=Clock()) as opened:
        yield opened


def handed_in(book: Book, *attempts: tuple[str, str, Status]) -> None:
    """Hand in and grade: whose, what, and what comes of the second check."""
    for student, source, status in attempts:
        content = source.encode()
        number = 1 + sum(a.attempt.student == student for a in book.attempts("cnn"))
        book.add_attempts("cnn", [Attempt(student=student, name=student.title(), number=number, content=content)])
        book.add_result("cnn", key(content), result(content, second=status, message=f"{source} is wrong, by 1.5e-3"))


def page(folder: Path, name: str = "index.html") -> Parsed:
    return Parsed((folder / name).read_text("utf-8"))


def pages_of(book: Book, tmp_path: Path, rules: ClassRules = RULES) -> Path:
    return write_class_pages(tmp_path / "pages", book, CNN, rules).parent


def test_every_attempt_has_a_page_and_every_link_leads_somewhere(folder: Path) -> None:
    assert len(list((folder / "hand-ins").iterdir())) == 18 + 7 - 1 + 2, "two of every third; one stranger, one unread"
    for file in folder.rglob("*.html"):
        parsed = Parsed(file.read_text("utf-8"))
        for link in parsed.all("a"):
            path, _, place = (link["href"] or "").partition("#")
            target = file if not path else (file.parent / path).resolve()
            assert target.is_file(), (file, link)
            assert not place or any(a.get("id") == place for _tag, a in page(target.parent, target.name).elements)


def test_the_class_at_a_glance(folder: Path) -> None:
    text = page(folder).text
    assert "cnn: due 2026-10-31 23:59:00+09:00, 10 % a day, at most 50 %." in text
    for tile in ("students 21", "missing 1", "decisions by hand 2", "late 2"):
        assert tile in text, tile
    assert "conv2d.forward 100 %" in text
    assert "conv2d.parameters –" in text, "it ran on nobody"
    assert (
        "Needs a person Grader faults to look at 1 Minsu Kim New results wait, see autograder diff 1 Jiho Park" in text
    )
    assert "Cannot be read 1" in text
    assert "Not on the roster 1 stranger" in text
    assert "Missing 1" in text


def test_a_line_of_the_table_has_what_is_searched_and_sorted_by(folder: Path) -> None:
    text = page(folder).text
    assert "Seoyeon Lee s0001 70 1/1 graded, points set by hand" in text
    assert "Jiho Lee s0009 0 1/1 cannot be read" in text
    assert "s0019 missing" in text


def test_what_people_decided_is_listed_with_who_and_why(folder: Path) -> None:
    text = page(folder, "decisions.html").text
    assert "1 2026-09-01 00:00 UTC ta Seoyeon Lee checks: 70 points in all the disk was full; graded by hand" in text


def test_a_page_of_a_hand_in_shows_the_instructor_all_of_it_and_other_attempts_say_that_they_do_not_count(
    folder: Path,
) -> None:
    said = [Parsed(file.read_text("utf-8")).text for file in sorted((folder / "hand-ins").iterdir())]
    assert sum("Another attempt counts." in text for text in said) == 6
    assert sum("Failures Attempt 1 Attempt 2" in text for text in said) == 2 * 6
    assert sum("expected a zip, got a picture" in text for text in said) == 1
    assert sum("SECRET" in text for text in said) > 10, "the message of a hidden check"


def test_writing_again_touches_nothing(tmp_path: Path) -> None:
    with make_class(tmp_path / "book", 3, light=True) as book:
        before, after = (
            {f: (f.stat().st_mtime_ns, f.read_bytes()) for f in pages_of(book, tmp_path).rglob("*.html")} for _ in "ab"
        )
    assert before == after


def test_failures_that_differ_in_numbers_and_names_only_are_one_group(book: Book, tmp_path: Path) -> None:
    handed_in(book, ("ann", "`a`", Status.FAILED), ("bob", "`b.c`", Status.FAILED), ("cyd", "other", Status.FAILED))
    text = page(pages_of(book, tmp_path), "failures.html").text
    assert "conv2d.grad_bias failed · 2 students" in text
    assert "`a` is wrong" not in text, "what stands between backticks is code"
    assert "a is wrong, by 1.5e-3" in text
    assert "Who Ann Bob" in text
    assert "One hand-in only" in text
    assert "Cyd conv2d.grad_bias failed other is wrong, by 1.5e-3" in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("expected 1.25, got -0.3 (tolerance 1.1e-05)", "expected -7, got nan (tolerance 2e-6)"),
        ("at [1, 2, 4, 0]: wrong", "at [3]: wrong"),
        ("line 15, in `f`: `x.arr` reads", "line 7, in `Conv2d.forward`: `self.x.arr` reads"),
        ("no attribute 'weigth'", "no attribute 'wieght'"),
    ],
)
def test_messages_are_alike_but_for_numbers_and_names(one: str, other: str) -> None:
    assert normal(one) == normal(other)


def test_messages_that_say_something_else_are_not_alike() -> None:
    assert normal("expected 1, got 2") != normal("expected 1 at least, got 2")
    assert normal("the weight is wrong") != normal("the bias is wrong")


def test_no_message_takes_long_to_compare() -> None:
    assert normal("at [" + "1," * 290 + " no end") == "at [" + "#," * 290 + " no end"


def test_causes_are_ranked_by_how_many_students_they_hold_back() -> None:
    def failure(check: str, cause: str, who: str) -> Failure:
        return Failure(check, "", cause, "told", "", Who(who, f"{who}.html"))

    found = [failure("a", "rare", "ann"), failure("b", "rare", "ann"), failure("c", "rare", "ann")]
    found += [failure("d", "the usual one", "ann"), failure("d", "the usual one", "bob")]
    assert [(r.cause, r.students, r.checks) for r in ranked(found)] == [
        ("the usual one", 2, ("d",)), ("rare", 1, ("a", "b", "c")),
    ]  # fmt: skip
    first = groups(found)[0]
    assert (first.like.check, first.like.cause, len(first.who)) == ("d", "the usual one", 2)


def test_what_the_grader_failed_in_and_what_was_skipped_is_nobodys_failure(book: Book, tmp_path: Path) -> None:
    handed_in(book, ("ann", "x", Status.SKIPPED), ("bob", "y", Status.GRADER_FAULT), ("cyd", "z", Status.PASSED))
    folder = pages_of(book, tmp_path)
    assert "No two hand-ins fail alike." in page(folder, "failures.html").text
    assert "Why checks fail" not in page(folder).text
    assert "conv2d.grad_bias 50 %" in page(folder).text, "of those in which the grader came to a verdict"


def test_only_the_attempt_that_counts_is_counted(book: Book, tmp_path: Path) -> None:
    handed_in(book, ("ann", "x", Status.FAILED), ("ann", "y", Status.PASSED))
    folder = pages_of(book, tmp_path)
    assert "Ann ann 100 2/2 graded" in page(folder).text
    assert "conv2d.grad_bias 100 %" in page(folder).text
    assert "No two hand-ins fail alike." in page(folder, "failures.html").text


def test_what_is_not_decided_needs_a_person(book: Book, tmp_path: Path) -> None:
    handed_in(book, ("ann", "x", Status.PASSED))
    book.add_attempts("cnn", [Attempt(student="bob", number=1, late=True, content=b"x")])
    book.add_attempts("cnn", [Attempt(student="cyd", number=1, content=b"new")])
    book.enter(Kind.SCORE, who="ta", why="?", assignment="cnn", student="dan", points=1)
    text = page(pages_of(book, tmp_path)).text
    assert "to decide with autograder book late 1 bob" in text
    assert "Not graded yet 1 cyd" in text
    assert "Entries for students who are not in the book 1 1: dan" in text


def test_whoever_fits_several_people_and_entries_of_nobody_need_a_person(book: Book, tmp_path: Path) -> None:
    book.add_roster([Person("k1", "Kim Minsu", {Id.SID: "1"}), Person("k2", "Kim Minsu", {Id.SID: "2"})])
    handed_in(book, ("kim minsu", "x", Status.PASSED))
    text = page(pages_of(book, tmp_path)).text
    assert "Unclear whose 1 Kim Minsu: Kim Minsu, Kim Minsu" in text


def test_attempts_are_counted_by_day_where_the_deadline_is_and_by_number(folder: Path) -> None:
    text = page(folder, "attempts.html").text
    assert "2026-10-31 (deadline)" in text
    assert "2026-10-20 2" in text
    assert "Attempt How many Median points Full points Median gain over the one before 1 20" in text
    assert text.endswith("2 6 85 3 3.75")


def test_a_long_time_is_counted_by_weeks_and_a_stray_date_makes_no_thousand_bars(book: Book) -> None:
    start = datetime(2026, 9, 1, tzinfo=UTC)

    def hand_in(*days: int) -> list[str]:
        book.add_attempts(
            "cnn",
            [Attempt(student="a", number=n, submitted_at=start + timedelta(n), content=b"%d" % n) for n in days],
        )
        return [bar.name for bar in per_day(book.gradebook("cnn"))]

    assert hand_in(0, 3) == ["2026-09-01", "2026-09-02", "2026-09-03", "2026-09-04"]
    assert hand_in(50)[:2] == ["week of 2026-09-01", "week of 2026-09-08"]
    assert len(hand_in(36500)) == 3


def test_two_runs_are_compared(book: Book, tmp_path: Path) -> None:
    handed_in(book, ("ann", "x", Status.FAILED), ("bob", "y", Status.PASSED))
    book.add_result("cnn", key(b"x", grader="g2"), result(b"x", message="now right"))
    book.add_result("cnn", key(b"y", grader="g2"), result(b"y", message="in other words"))
    folder = pages_of(book, tmp_path)
    text = page(folder, "runs.html").text
    waiting, newest = text.split("The newest result of each hand-in")
    for part in (waiting, newest):
        assert "conv2d.grad_bias: failed -> passed 1" in part
        assert "Ann 1 60 → 100 conv2d.grad_bias: failed -> passed the grader changed" in part
    assert "Bob" not in text
    assert "New results wait, see autograder diff 1 Ann" in page(folder).text


def test_without_two_runs_the_page_says_so(folder: Path, tmp_path: Path, book: Book) -> None:
    handed_in(book, ("ann", "x", Status.FAILED))
    text = page(pages_of(book, tmp_path), "runs.html").text
    assert "Nothing waits: every result counts." in text
    assert "No hand-in has two results with other verdicts." in text


def test_an_empty_class_has_pages(book: Book, tmp_path: Path) -> None:
    book.add_roster([Person("k1", "Kim Minsu", {})])
    assert "students 1" in page(pages_of(book, tmp_path, ClassRules())).text
    assert "The download tells no times." in page(tmp_path / "pages", "attempts.html").text


def test_a_hand_in_that_is_not_graded_yet_shows_its_source(book: Book, tmp_path: Path) -> None:
    book.add_attempts("cnn", [Attempt(student="ann", number=1, content=b"x = 'not yet'\n")])
    (file,) = (pages_of(book, tmp_path) / "hand-ins").iterdir()
    text = Parsed(file.read_text("utf-8")).text
    assert "Not graded yet." in text
    assert "x = 'not yet'" in text


def test_a_message_is_not_as_long_as_a_hostile_hand_in_would_have_it(book: Book, tmp_path: Path) -> None:
    for student, content in (("ann", b"x"), ("bob", b"y")):
        book.add_attempts("cnn", [Attempt(student=student, number=1, content=content)])
        book.add_result("cnn", key(content), result(content, second=Status.FAILED, message="<" * 100_000))
    folder = pages_of(book, tmp_path)
    assert (folder / "failures.html").stat().st_size < 30_000
