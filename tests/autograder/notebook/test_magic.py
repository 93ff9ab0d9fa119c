"""`%check` in a session: what it checks, and what it says to bad input, in a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from autograder.notebook import Report, check
from autograder.notebook.cells import NotInANotebookError
from autograder.verdict import Status


def run(shell: InteractiveShell, cell: str) -> None:
    shell.run_cell(cell, store_history=True)  # type: ignore[no-untyped-call] # it has no types


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """An IPython session in which the extension is loaded."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell.instance()
    run(shell, "%load_ext autograder")
    yield shell
    assert shell.history_manager is not None
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_what_the_cells_define_is_checked_and_shown(
    session: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    run(session, "class MaxPool2d(")
    run(session, "class MaxPool2d:\n    def __init__(self, k, s): raise ValueError('mine')")
    report = session.run_line_magic("check", "cnn maxpool2d.* --lang en")
    assert isinstance(report, Report)
    assert {c.status for c in report.result.checks} == {Status.ERROR}
    assert "ValueError" in repr(report)
    assert "mine" in report._repr_html_()
    assert "maxpool2d.forward     error" in capsys.readouterr().out


def test_korean_is_spoken_where_it_is_asked_for(session: InteractiveShell) -> None:
    report = session.run_line_magic("check", "cnn policy --lang ko")
    assert report.result.language == "ko"
    assert "점수" in repr(report)
    assert "lang=&quot;ko&quot;" in report._repr_html_()


def test_a_file_that_is_there_is_not_written_over_unless_that_is_asked_for(
    session: InteractiveShell, tmp_path: Path
) -> None:
    file = tmp_path / "assignment.py"
    file.write_text("a week's work")
    report = session.run_line_magic("check", "cnn policy")
    with pytest.raises(FileExistsError, match="expected a new file, got one that is there"):
        report.save(file)
    assert file.read_text() == "a week's work"
    report.save(file, replace=True)
    assert file.read_text("utf-8") == report.source


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "the following arguments are required: assignment"),
        ("nosuch", "expected one of the assignments autograd, cnn, cuda, rnn"),
        ("cnn nosuch.*", "--only: expected a pattern that matches one of"),
        ("cnn --seed x", "expected a number from 0 to 4294967295, got 'x'"),
        ("cnn --seed -1", "expected a number from 0 to 4294967295, got '-1'"),
        ("cnn --lang fr", "invalid choice"),
        ("cnn 'conv2d", "No closing quotation"),
    ],
)
def test_bad_input_is_told_in_a_line(session: InteractiveShell, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        session.run_line_magic("check", line)


def test_outside_a_notebook_it_names_the_command() -> None:
    with pytest.raises(NotInANotebookError, match="use `autograder check` on the command line"):
        check("cnn")
