"""docs/gradebook.md: what it shows works as it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from autograder.assignment import load_assignment
from autograder.cli import app
from autograder.gradebook import Book
from autograder.gradebook.course import read_class
from autograder.verdict import Status
from tests.autograder.gradebook.fakes import attempt, key, result
from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "gradebook.md").read_text("utf-8")


def shown(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_rules_that_the_page_shows_are_rules(tmp_path: Path) -> None:
    (tmp_path / "class.toml").write_text(shown("toml")[0], "utf-8")
    rules = read_class(tmp_path / "class.toml")
    assert (list(rules.late), rules.late_days, rules.late["cnn"].cap_percent) == (["cnn", "rnn"], 3, 50)


def test_the_written_part_that_the_page_shows_is_the_engines() -> None:
    parts = [
        f'[[written]]\nid = "{w.id}"\ntitle = "{w.title}"\npoints = {w.points:g}\n'
        for w in load_assignment("autograd").config.written
    ]
    assert shown("toml")[1] in parts


def test_the_query_that_the_page_shows_counts_failures(tmp_path: Path) -> None:
    with Book(tmp_path / "book.sqlite") as book:
        book.add_attempts("cnn", [attempt("ann")])
        book.add_result("cnn", key(), result(second=Status.FAILED))
        with book.reading():
            assert list(book.rows(shown("sql")[0])) == [("conv2d.grad_bias", 1)]


def test_every_command_that_the_page_names_is_there_and_no_other() -> None:
    named = set(re.findall(r"^\| `(?:autograder book|\.\.\.) (\w+)", PAGE, re.MULTILINE))
    told = CliRunner().invoke(app, ["book", "--help"], env={"COLUMNS": "200"}).stdout
    assert named == set(re.findall(r"^  (\w+)  ", told.partition("Commands:")[2], re.MULTILINE))
