"""`autograder check --gradescope` and `--github`: what is written, and where."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.publish.outputs import Outputs
from autograder.submission import Submission
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
    submission = Submission(tmp_path / "a.py", "", "")
    Outputs(gradescope=out).write(result(check("a", Status.GRADER_FAULT)), submission, "cnn")
    assert not out.exists()


def test_html_is_the_page_of_the_result_with_the_command_as_it_was_given(here: Path) -> None:
    done = run("assignment.py", "--html", "out.html", "--seed", "3", "--lang", "ko")
    page = (here / "out.html").read_text("utf-8")
    assert done.exit_code == 1
    assert '<html lang="ko">' in page
    assert "autograder check cnn assignment.py --only policy --seed 3" in page
    assert "import os" in page


@pytest.mark.parametrize("option", ["--gradescope", "--html"])
def test_results_do_not_replace_a_hand_in(option: str, here: Path) -> None:
    before = (here / "assignment.py").read_bytes()
    done = run("assignment.py", option, "assignment.py")
    assert (done.exit_code, f"{option}: expected a file to write the result to" in done.stderr) == (2, True)
    assert (here / "assignment.py").read_bytes() == before


def test_two_results_do_not_go_to_one_file(here: Path) -> None:
    done = run("assignment.py", "--json", "out", "--html", "./out")
    assert (done.exit_code, (here / "out").exists()) == (2, False)
    assert "--html: expected another file than that of --json, got out" in done.stderr


def test_watch_rewrites_the_page_when_the_file_is_saved(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = []

    def sleep(seconds: float) -> None:
        pages.append((here / "out.html").read_text("utf-8"))
        if len(pages) > 3:
            raise KeyboardInterrupt
        if len(pages) == 1:
            (here / "assignment.py").write_text("x = 1\n", "utf-8")

    monkeypatch.setattr("autograder.watch.time.sleep", sleep)
    done = run("assignment.py", "--html", "out.html", "--watch")
    assert done.exit_code == 0, "of the last check: `import os` is gone"
    assert ["import os" in page for page in pages] == [True, True, False, False]
    assert done.stderr.count("Watching assignment.py") == 2


def test_watching_what_is_not_there_ends_at_once(here: Path) -> None:
    done = run("nothing.py", "--watch")
    assert (done.exit_code, "expected a file or a folder, found nothing there" in done.stderr) == (2, True)
    done = CliRunner().invoke(app, ["check", "nonsense", "--watch"])
    assert (done.exit_code, "expected one of the assignments" in done.stderr) == (2, True)


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
