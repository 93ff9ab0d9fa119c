"""The demo runs the commands that it prints, in order, and ends with the status of the first that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app


class Ran:
    """Takes the place of subprocess.run: remembers commands, and ends one of them with a status."""

    def __init__(self, failing: str = "", status: int = 0) -> None:
        self.commands: list[list[str]] = []
        self.failing, self.status = failing, status

    def __call__(self, command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        assert command[:3] == [sys.executable, "-m", "autograder"]
        self.commands.append(command[3:])
        return subprocess.CompletedProcess(command, self.status if command[3] == self.failing else 0)


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, ran: Ran) -> tuple[int, str]:
    monkeypatch.setattr(subprocess, "run", ran)
    result = CliRunner().invoke(app, ["demo", "--to", str(folder), "--no-open"])
    return result.exit_code, result.output


def test_it_grades_extends_and_publishes_and_says_where_the_pages_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, ran = tmp_path / "demo", Ran()
    status, output = run(monkeypatch, folder, ran)
    assert status == 0
    assert [words[0] for words in ran.commands] == ["grade", "book", "publish"]
    assert f"$ autograder grade cnn {folder}/submissions.zip --book {folder}/term.book" in output
    assert (folder / "published" / "private" / "class" / "index.html").as_uri() in output


def test_the_deadline_is_moved_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder, ran = tmp_path / "demo", Ran()
    run(monkeypatch, folder, Ran())
    (folder / "term.book").touch()
    run(monkeypatch, folder, ran)
    assert [words[0] for words in ran.commands] == ["grade", "publish"]


@pytest.mark.parametrize("status", [1, 2])
def test_the_first_command_that_fails_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int) -> None:
    ran = Ran("grade", status)
    assert run(monkeypatch, tmp_path / "demo", ran)[0] == status
    assert len(ran.commands) == 1


def test_a_folder_of_other_things_is_exit_status_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    ran = Ran()
    status, output = run(monkeypatch, tmp_path, ran)
    assert status == 2
    assert "autograder: --to: expected a new folder" in output
    assert not ran.commands
