"""`autograder check --gradescope` and `--github`: what is written, and where."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.publish.outputs import Outputs
from autograder.verdict import Status
from tests.autograder.light import SOURCES
from tests.autograder.publish.made import check, result
from tests.autograder.publish.test_github import commands

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    (tmp_path / "assignment.py").write_text("import os\n" + SOURCES["the model answer with a light model"], "utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ["check", "cnn", *arguments, "--only", "policy"], env={"COLUMNS": "200"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_results_json_lies_where_it_is_asked_for(here: Path) -> None:
    done = run("assignment.py", "--gradescope", "results.json")
    told = json.loads((here / "results.json").read_text("utf-8"))
    assert (done.exit_code, told["score"], [t["extra_data"]["id"] for t in told["tests"]]) == (1, 0, ["policy"])
    assert "autograder check cnn assignment.py --seed 0" in told["output"]


def test_a_hand_in_that_cannot_be_read_gets_results_with_the_reason(here: Path) -> None:
    (here / "empty").mkdir()
    done = run("empty", "--gradescope", "results.json")
    told = json.loads((here / "results.json").read_text("utf-8"))
    assert (done.exit_code, told["score"]) == (2, 0)
    assert told["output"] == "empty: expected a folder that holds assignment.py, found none in it."


def test_a_fault_of_the_grader_leaves_no_results(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    Outputs(gradescope=out).write(result(check("a", Status.GRADER_FAULT)), tmp_path / "a.py", "cnn")
    assert not out.exists()


def test_results_do_not_replace_a_hand_in(here: Path) -> None:
    done = run("assignment.py", "--gradescope", "assignment.py")
    assert (done.exit_code, "--gradescope: expected a file to write the result to" in done.stderr) == (2, True)


def test_github_gets_annotations_on_the_lines_and_the_summary(here: Path) -> None:
    (here / "step.md").write_text("before\n", "utf-8")
    done = run("assignment.py", "--github")
    error = commands(done.stdout)[-1]
    assert (done.exit_code, error.name, error.properties["file"], error.properties["line"]) == (
        1, "error", "assignment.py", "1",
    )  # fmt: skip
    assert re.match(r"before\n## cnn: Score: 0 of \d", (here / "step.md").read_text("utf-8"))


def test_nothing_that_a_report_quotes_is_a_command(here: Path) -> None:
    first, *_between, last, error = commands(run("assignment.py", "--github").stdout)
    assert (first.name, error.name) == ("stop-commands", "error")
    assert last.name == first.message
    assert len(first.message) >= 32
    assert "::" not in run("assignment.py").stdout


def test_without_a_file_for_the_summary_there_are_annotations_only(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert commands(run("assignment.py", "--github").stdout)[-1].name == "error"
    assert not (here / "step.md").exists()
