"""Text, tails, limits and errors: the parts that need no worker."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox import (
    DeadSessionError,
    Frame,
    LaunchError,
    Limits,
    ProtocolError,
    SandboxError,
    StudentError,
    WorkerCrashed,
    WorkerMemory,
    WorkerTimeout,
)
from autograder.sandbox.tail import Tail
from autograder.sandbox.text import clean, clean_line


@given(st.text(max_size=300), st.integers(1, 100))
def test_clean_text_is_printable_and_short(text: str, limit: int) -> None:
    result = clean(text, limit)
    assert len(result) <= limit
    assert all(character.isprintable() or character in "\n\t" for character in result)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=100))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text, 100) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("one\r\ntwo\ttab", "one\ntwo\ttab"),
        ("pass\u202efail", "passfail"),
        ("a\u00a0b", "a b"),
        ("\ud800x", "x"),
        ("half an escape \x1b", "half an escape "),
    ],
)
def test_escapes_and_controls_are_taken_out(text: str, expected: str) -> None:
    assert clean(text, 100) == expected


def test_long_text_keeps_its_beginning_and_its_end() -> None:
    assert clean("begin" + "x" * 1000 + "end", 30).startswith("begin")
    assert clean("begin" + "x" * 1000 + "end", 30).endswith("end")
    assert clean_line(" a \n b\t c ", 30) == "a b c"


@given(st.lists(st.binary(max_size=20), max_size=30), st.integers(1, 16))
def test_a_tail_is_the_end_of_everything_added(parts: list[bytes], keep: int) -> None:
    tail = Tail(keep)
    for part in parts:
        tail.add(part)
    assert tail.content() == b"".join(parts)[-keep:]


@pytest.mark.parametrize("name", ["wall_seconds", "cpu_seconds", "memory_bytes", "threads", "output_bytes", "files"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"Limits.{name}: expected a positive number, got 0"):
        Limits(**{name: 0})


def test_what_a_student_error_says_is_cleaned_and_cut() -> None:
    error = StudentError("Bad\x1b[31mError\n" * 50, "m\x00" * 5000, (Frame(3, "f\n" * 200, "\x07x = 1" * 100),))
    assert len(error.kind) <= 80
    assert error.kind.isprintable()
    assert len(error.message) == 2000
    assert error.frames[0].function.isprintable()
    assert len(error.frames[0].text) <= 200


@pytest.mark.parametrize(
    "error",
    [
        StudentError("ValueError", "wrong", (Frame(3, "forward", "x = y"),)),
        WorkerTimeout(2.5),
        WorkerMemory(1 << 30),
        WorkerCrashed(-11, "tail"),
        ProtocolError("what"),
        LaunchError("what"),
        DeadSessionError("what"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_can_be_sent_to_another_process(error: SandboxError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert vars(again) == vars(error)
