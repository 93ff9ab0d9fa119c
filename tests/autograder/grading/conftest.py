"""A small assignment to grade classes of: the one that docs/checks.md builds, whose hand-ins take a moment each."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from autograder.grading import Identity, Task
from tests.docs.test_checks_page import FILES

RIGHT = FILES["scale/solution.py"]
STUB = FILES["scale/assignment.py"]


def sha256(content: bytes) -> str:
    """Return the hash that a hand-in is known by."""
    return hashlib.sha256(content).hexdigest()


def task_of(content: bytes, assignment: str = "cnn") -> Task:
    """Return a task for tests that do not grade."""
    identity = Identity("a", "g", "e", "limits", {})
    return Task(assignment, sha256(content), content, 0, "en", identity)


@pytest.fixture(scope="session")
def scale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the assignment."""
    folder = tmp_path_factory.mktemp("assignments") / "scale"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / Path(name).name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def hand_ins(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(24):
        wrong = RIGHT.replace("y.grad * s.arr", f"{1 + i % 3} * y.grad * s.arr")
        (folder / f"student{i:02}.py").write_text(f"{wrong}# {i}\n", "utf-8")
    return folder
