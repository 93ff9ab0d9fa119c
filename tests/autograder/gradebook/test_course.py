"""class.toml: what it says, and what is said to one that makes no sense."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from autograder.gradebook import ClassError, ClassRules, class_rules
from autograder.gradebook.course import parse_time, read_class

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 10, 31, 3, tzinfo=UTC)


def written(folder: Path, text: str) -> Path:
    file = folder / "class.toml"
    file.write_text(text, "utf-8")
    return file


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert class_rules(tmp_path / "book.sqlite") == ClassRules(
        sandbox="landlock", attempts="best", late_days=0, late={}
    )


def test_class_toml_beside_the_book_is_found(tmp_path: Path) -> None:
    written(tmp_path, 'attempts = "last"')
    assert class_rules(tmp_path / "book.sqlite").attempts == "last"


def test_a_file_that_is_named_goes_before_the_one_beside_the_book(tmp_path: Path) -> None:
    written(tmp_path, 'attempts = "last"')
    (tmp_path / "other.toml").write_text("late_days = 4", "utf-8")
    assert class_rules(tmp_path / "book.sqlite", tmp_path / "other.toml") == ClassRules(late_days=4)


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ClassError, match=r"none\.toml: No such file"):
        class_rules(tmp_path / "book.sqlite", tmp_path / "none.toml")


@pytest.mark.parametrize(
    "text",
    [
        'zone = "Asia/Seoul"\n[late.cnn]\ndeadline = 2026-10-31T12:00:00',
        'zone = "Europe/Berlin"\n[late.cnn]\ndeadline = 2026-10-31T12:00:00\nzone = "Asia/Seoul"',
        '[late.cnn]\ndeadline = 2026-10-31T12:00:00\nzone = "+09:00"',
        "[late.cnn]\ndeadline = 2026-10-31T12:00:00+09:00",
        'zone = "Europe/Berlin"\n[late.cnn]\ndeadline = "2026-10-31T12:00:00+09:00"',
    ],
)
def test_a_deadline_has_a_zone_of_its_own_or_the_classs_or_an_offset(text: str, tmp_path: Path) -> None:
    assert read_class(written(tmp_path, text)).late["cnn"].deadline == NOON


def test_policies_come_in_the_order_of_their_deadlines(tmp_path: Path) -> None:
    text = "[late.a]\ndeadline = 2026-12-01T00:00:00Z\n[late.b]\ndeadline = 2026-11-01T00:00:00Z"
    assert list(read_class(written(tmp_path, text)).late) == ["b", "a"]


def test_every_number_of_a_policy_arrives(tmp_path: Path) -> None:
    text = "deadline = 2026-12-01T00:00:00Z\ngrace_minutes = 5\npenalty_percent = 7.5\ncap_percent = 40"
    policy = read_class(written(tmp_path, f"[late.a]\n{text}")).late["a"]
    assert (policy.grace_minutes, policy.penalty_percent, policy.cap_percent) == (5, 7.5, 40)


WRONG = [
    ("late_dayz = 3", "late_dayz"),
    ("late_days = -1", "late_days"),
    ('attempts = "first"', "attempts"),
    ('sandbox = "docker"', "sandbox"),
    ("late_days = ", "Invalid value"),
    ("[late.cnn]\ngrace_minutes = 5", "deadline"),
    ("[late.cnn]\ndeadline = 2026-10-31T12:00:00", r"\[late.cnn\]: expected a deadline with a time zone"),
    ('[late.cnn]\ndeadline = 2026-10-31T12:00:00\nzone = "Asia/Soul"', "got 'Asia/Soul'"),
    ('[late.cnn]\ndeadline = 2026-10-31T12:00:00\nzone = "../etc/passwd"', "got '../etc/passwd'"),
    ('[late.cnn]\ndeadline = 2026-10-31T12:00:00\nzone = "+9 o"', r"got '\+9 o'"),
    ('[late.cnn]\ndeadline = 2026-10-31T12:00:00Z\nzone = "Asia/Seoul"', "got both"),
    ("[late.cnn]\ndeadline = 2026-10-31T12:00:00Z\npenalty_percent = 101", "penalty_percent"),
    ("[late.cnn]\ndeadline = 2026-10-31T12:00:00Z\ncap_percent = -1", "cap_percent"),
    ("[late.cnn]\ndeadline = 2026-10-31T12:00:00Z\ngrace_minutes = -1", "grace_minutes"),
    ("[late.cnn]\ndeadline = 2026-10-31T12:00:00Z\ncap = 1", "cap"),
]


WORDS = [
    ("late_dayz = 3", "expected one of sandbox, attempts, late_days, zone, [late.NAME], got `late_dayz`."),
    (
        "[late.scale]\ndeadline = 2026-10-31T12:00:00Z\ncap = 1",
        "[late.scale]: expected one of deadline, zone, grace_minutes, penalty_percent, cap_percent, got `cap`.",
    ),
    ('attempts = "first"', "expected `attempts` to be one of best, last, got 'first'."),
    ("attempts = 1", "expected `attempts` to be one of best, last, got 1."),
    ('sandbox = "docker"', "expected `sandbox` to be one of bubblewrap, landlock, limits, process, got 'docker'."),
    (
        "[late.cnn]\ndeadline = 2026-10-31",
        "[late.cnn]: expected `deadline` to be a date with a time, got 2026-10-31; add the time: 2026-10-31T23:59:00.",
    ),
    (
        '[late.cnn]\ndeadline = "2026-10-31"',
        "[late.cnn]: expected `deadline` to be a date with a time, got 2026-10-31; add the time: 2026-10-31T23:59:00.",
    ),
    ("[late.cnn]\ngrace_minutes = 5", "[late.cnn]: expected `deadline = 2026-10-31T23:59:00`, got no deadline."),
    (
        "[late.cnn]\ndeadline = 2026-10-31T12:00:00Z\ncap_percent = -1",
        "[late.cnn]: Expected `float` >= 0.0 - at `cap_percent`.",
    ),
    ("late = 3", "expected the section [late.NAME] of an assignment, got `late = 3`."),
    (
        "[late]\ndeadline = 2026-10-31T12:00:00Z",
        "expected the section [late.NAME] of an assignment, got `deadline` in [late].",
    ),
]


@pytest.mark.parametrize(("text", "says"), WORDS)
def test_an_error_names_the_section_and_what_it_may_be(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ClassError) as error:
        read_class(written(tmp_path, text))
    assert str(error.value) == f"{tmp_path / 'class.toml'}: {says}"


def test_bytes_that_are_not_utf_8_are_said_to_be_saved_as_it(tmp_path: Path) -> None:
    file = tmp_path / "class.toml"
    file.write_bytes('# 마감\nattempts = "last"'.encode("cp949"))
    with pytest.raises(ClassError) as error:
        read_class(file)
    assert str(error.value) == f"{file}: expected text in UTF-8, got other bytes. Save it as UTF-8."


def test_the_mark_that_windows_writes_before_utf_8_is_no_error(tmp_path: Path) -> None:
    assert read_class(written(tmp_path, '\ufeffattempts = "last"')).attempts == "last"


def test_undue_names_the_deadlines_where_an_assignment_has_none(tmp_path: Path) -> None:
    due = "deadline = 2026-12-01T00:00:00Z"
    rules = read_class(written(tmp_path, f"[late.scal]\n{due}\n[late.cnn]\n{due}"))
    assert rules.undue("scale") == ("cnn", "scal")
    assert rules.undue("cnn") == ()
    assert ClassRules().undue("scale") == ()


@pytest.mark.parametrize(("text", "says"), WRONG, ids=[says for _text, says in WRONG])
def test_what_makes_no_sense_is_refused_with_the_name_of_the_file(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ClassError, match=says) as error:
        read_class(written(tmp_path, text))
    assert str(error.value).startswith(str(tmp_path / "class.toml"))


def test_a_time_without_an_offset_is_of_the_zone_that_is_given() -> None:
    assert parse_time("2026-10-31T12:00", datetime.fromisoformat("2026-01-01T00:00+09:00").tzinfo) == NOON


@pytest.mark.parametrize("text", ["tomorrow", "2026-10-31T12:00", "2026-13-01T00:00+09:00"])
def test_a_time_that_is_none_or_of_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ClassError, match="expected a time with its offset"):
        parse_time(text, None)
