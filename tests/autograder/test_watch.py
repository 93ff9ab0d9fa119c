"""Watching a file: what is a save, what is not, and how it ends. Nothing sleeps: what would, plays the next scene."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from autograder.watch import INTERRUPTED, watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Stage:
    """Plays a scene whenever the watcher sleeps, and Ctrl-C after the last; writes down what was checked."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = file
        self.checked: list[str] = []
        self.waited: list[Path] = []
        self.during: Callable[[], object] = lambda: None
        self._scenes: list[Callable[[], object]] = []
        monkeypatch.setattr("autograder.watch.time.sleep", self._sleep)

    def play(self, *scenes: Callable[[], object], path: Path | None = None) -> int:
        self._scenes = list(scenes)
        return watched(path or self.file, self._check, self.waited.append)

    def save(self, text: str) -> Callable[[], object]:
        """Return the scene of a save in place."""

        def scene() -> None:
            self.file.write_text(text, "utf-8")
            os.utime(self.file, ns=(0, len(self.checked) + len(text)))  # the clock may be too coarse to tell

        return scene

    def replace(self, text: str) -> None:
        """Put another file in its place, as some editors save."""
        other = self.file.with_name("other")
        other.write_text(text, "utf-8")
        other.replace(self.file)

    def _check(self) -> int:
        self.checked.append(self.file.read_text("utf-8") if self.file.exists() else "nothing")
        self.during()
        return len(self.checked)

    def _sleep(self, seconds: float) -> None:
        if not self._scenes:
            raise KeyboardInterrupt
        self._scenes.pop(0)()


def nothing() -> None:
    """Nothing happens."""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    (tmp_path / "assignment.py").write_text("one", "utf-8")
    return Stage(tmp_path / "assignment.py", monkeypatch)


def test_each_save_is_checked_once_and_the_last_status_is_returned(stage: Stage) -> None:
    status = stage.play(nothing, stage.save("two"), nothing, nothing, stage.save("three"), nothing)
    assert stage.checked == ["one", "two", "three"]
    assert status == 3
    assert stage.waited == [stage.file] * 3


def test_a_save_during_a_check_is_not_missed(stage: Stage) -> None:
    stage.during = lambda: stage.save("two")() if len(stage.checked) == 1 else None
    stage.play(nothing)
    assert stage.checked == ["one", "two"]


def test_a_file_is_checked_when_its_writer_has_finished(stage: Stage) -> None:
    stage.play(stage.save(""), stage.save("tw"), stage.save("two"), nothing)
    assert stage.checked == ["one", "two"]


def test_a_file_that_is_gone_for_a_moment_is_waited_for(stage: Stage) -> None:
    stage.play(stage.file.unlink, nothing, lambda: stage.replace("two"), nothing)
    assert stage.checked == ["one", "two"]


def test_the_file_in_a_folder_is_watched(stage: Stage) -> None:
    stage.play(stage.save("two"), nothing, path=stage.file.parent)
    assert stage.checked == ["one", "two"]


def test_ctrl_c_within_the_first_check_has_the_status_that_shells_give(stage: Stage) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    stage.during = interrupt
    assert stage.play() == INTERRUPTED


def test_what_is_not_there_is_checked_once(stage: Stage) -> None:
    stage.file.unlink()
    assert stage.play() == 1
    assert (stage.checked, stage.waited) == (["nothing"], [])
