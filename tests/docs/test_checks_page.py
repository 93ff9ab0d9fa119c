"""docs/checks.md: the assignment it builds works as it stands, and its tables name all there is to call."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from autograder.checks import Grader, layer
from autograder.checks.probe import LayerCase
from autograder.release.stub import stub_of
from autograder.sandbox import Session
from tests.autograder.test_cli import autograder

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
FILES = dict(re.findall(r"^`(scale/\S+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("page")
    (root / "scale").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text, "utf-8")
    return root


def test_the_page_shows_every_file_of_the_assignment() -> None:
    assert sorted(FILES) == [
        f"scale/{name}"
        for name in (
            "assignment.py", "assignment.toml", "bank.toml", "checks.py", "harness.py", "right.py", "solution.py",
        )
    ]  # fmt: skip


def test_the_stub_is_what_the_model_answer_makes() -> None:
    assert stub_of(FILES["scale/solution.py"], "scale/solution.py") == FILES["scale/assignment.py"]


def test_the_model_answer_gets_all_points_and_the_stub_none(folder: Path) -> None:
    done = autograder("check", "scale", "scale/solution.py", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Score: 100 of 100" in done.stdout
    done = autograder("check", "scale", cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Score: 0 of 100" in done.stdout


def test_the_bank_comes_out_as_declared_and_prints_what_the_page_says(folder: Path) -> None:
    done = autograder("bank", "scale", "--jobs", "2", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert shown in done.stdout
    assert "alone" not in done.stdout


def public(cls: type) -> list[str]:
    return [name for name in vars(cls) if not name.startswith("_")]


def test_the_tables_name_everything_and_nothing_else() -> None:
    for name in public(Grader):
        assert f"`grader.{name}" in PAGE, name
    for name in public(Session):
        assert f"`session.{name}" in PAGE, name
    for name in public(LayerCase):
        assert f"`{name}`" in PAGE, name
    for name in re.findall(r"`grader\.(\w+)", PAGE):
        assert hasattr(Grader, name) or name in ("progress", "submission", "assignment"), name
    for name in re.findall(r"`session\.(\w+)", PAGE):
        assert hasattr(Session, name), name
    for name, arguments in re.findall(r"`layer\.(\w+)\((.*?)\)`", PAGE):
        assert list(inspect.signature(getattr(layer, name)).parameters) == arguments.split(", ")
