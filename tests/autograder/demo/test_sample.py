"""The sample class is what an instructor would get: an export that reads as one, of people on a roster."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.assignment import Assignment, AssignmentError, load_assignment
from autograder.demo.sample import write_class
from autograder.gradebook import class_rules
from autograder.handins import collect, match, read_roster


@pytest.fixture(scope="module")
def cnn() -> Assignment:
    return load_assignment("cnn")


def test_a_dozen_hand_ins_of_people_on_the_roster_and_one_is_missing(cnn: Assignment, tmp_path: Path) -> None:
    write_class(cnn, tmp_path)
    found = match(collect(tmp_path / "submissions.zip"), read_roster(tmp_path / "roster.csv"))
    assert len(found.attempts) == 12
    assert [p.name for p in found.missing] == ["Silva, Mateus"]
    assert not found.unmatched
    assert not found.ambiguous
    assert len({a.content for a in found.attempts}) == 12
    deadline = class_rules(tmp_path / "book").late["cnn"].deadline
    late = [a.name for a in found.attempts if a.submitted_at is not None and a.submitted_at > deadline]
    assert late == ["Weber, Jonas", "Fischer, Noah"]
    broken = [a.name for a in found.attempts if not parses(a.content)]
    assert broken == ["Jung Haeun"]


def parses(content: bytes | None) -> bool:
    try:
        ast.parse(content or b"")
    except SyntaxError:
        return False
    return True


def test_nothing_tells_that_they_are_made_of_the_model_answer(cnn: Assignment, tmp_path: Path) -> None:
    write_class(cnn, tmp_path)
    for attempt in collect(tmp_path / "submissions.zip"):
        text = (attempt.content or b"").decode().lower()
        assert "model answer" not in text
        assert "# stub" not in text
        assert "# answer" not in text


def test_written_again_it_is_the_same(cnn: Assignment, tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    write_class(cnn, tmp_path)
    before = contents()
    (tmp_path / "term.book").write_bytes(b"what a run leaves")
    write_class(cnn, tmp_path)
    assert contents() == before | {"term.book": b"what a run leaves"}


def test_a_folder_of_other_things_is_left_alone(cnn: Assignment, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(AssignmentError, match=r"expected a new folder, or that of an earlier demo, got .*other things"):
        write_class(cnn, tmp_path)
    with pytest.raises(AssignmentError, match="other things"):
        write_class(cnn, tmp_path / "thesis.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_without_the_model_answer_it_says_what_is_missing(tmp_path: Path, cnn: Assignment) -> None:
    kit = Assignment(cnn.name, tmp_path, cnn.config, cnn.checks)
    with pytest.raises(AssignmentError, match="expected the model answer at"):
        write_class(kit, tmp_path / "demo")
