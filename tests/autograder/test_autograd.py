"""The assignment on the engine: what its bank of hand-ins (tests/submissions/autograd) does not show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.checks import Cause
from autograder.checks.advice import advice
from autograder.checks.engines import wrong_engines
from autograder.runner import check_submission
from autograder.sandbox import WorkerTimeout
from autograder.submission import read_submission
from autograder.verdict import Status
from numpytorch.autograd.engine import propagate

FOLDER = Path(__file__).parents[2] / "assignments" / "autograd"


@pytest.fixture(scope="module")
def autograd() -> Assignment:
    return load_assignment("autograd")


@pytest.fixture(scope="module")
def checks(autograd: Assignment) -> Any:
    return sys.modules["autograder_assignments.autograd.checks"]


def beside(hand_in: str, folder: Path) -> Path:
    """Lay out the folder as a student has it, with a hand-in as assignment.py."""
    for name in ("main.py", "harness.py"):
        shutil.copy(FOLDER / name, folder)
    shutil.copy(FOLDER / hand_in, folder / "assignment.py")
    return folder


def run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    root = str(FOLDER.parents[1])
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_untouched_stub_scores_0_and_every_check_says_why(autograd: Assignment) -> None:
    result = check_submission(autograd, read_submission(autograd.stub))
    assert result.score == 0
    for check in result.checks:
        if check.id.startswith("questions."):
            assert check.evidence["cause"] == Cause.UNANSWERED
        elif check.id in ("types.strict", "policy"):
            assert check.status is Status.SKIPPED
        else:
            assert check.evidence["cause"] == Cause.NOT_WRITTEN


@pytest.mark.parametrize("seed", [1, 7, 2**32 - 1])
def test_the_model_answer_scores_100_whatever_the_seed(autograd: Assignment, seed: int) -> None:
    result = check_submission(autograd, read_submission(FOLDER / "solution.py"), seed=seed)
    wrong = [f"{c.id}: {c.message}" for c in result.checks if c.status is not Status.PASSED]
    assert not wrong
    assert result.score == 100


def test_main_trains_with_the_parts_of_the_model_answer(tmp_path: Path) -> None:
    done = run("main.py", folder=beside("solution.py", tmp_path))
    assert done.returncode == 0, done.stderr
    right = re.search(r"([\d.]+)% of 1,000 new points are told right, with a loss of (\d+\.\d+)", done.stdout)
    assert right is not None, done.stdout
    assert float(right[1]) > 98
    assert float(right[2]) < 0.1


def test_main_names_the_part_that_is_still_to_be_written(tmp_path: Path) -> None:
    done = run("main.py", folder=beside("assignment.py", tmp_path))
    assert done.returncode == 1
    assert "still to be written. he_uniform" in done.stdout
    assert not done.stderr


def test_main_says_so_if_a_part_is_wrong(tmp_path: Path) -> None:
    folder = beside("solution.py", tmp_path)
    file = folder / "assignment.py"
    file.write_text(file.read_text("utf-8").replace("p.arr -= self.lr", "p.arr += 1e-6 * self.lr"), "utf-8")
    done = run("main.py", folder=folder)
    assert done.returncode == 1
    assert "one of the parts is wrong" in done.stdout


def test_main_is_typed(tmp_path: Path) -> None:
    folder = beside("assignment.py", tmp_path)
    done = run("-m", "mypy", "--strict", "main.py", folder=folder, MYPYPATH=str(FOLDER.parents[1]))
    assert done.returncode == 0, done.stdout


def test_the_points_of_the_handout_are_those_of_the_settings(autograd: Assignment) -> None:
    table = (FOLDER / "README.md").read_text("utf-8").split("| check | points |")[1]
    told: dict[str, float] = {}
    for ids, points in re.findall(r"^\| (`[^|]*) \| (\d+)[^|]* \|", table, flags=re.MULTILINE):
        told |= dict.fromkeys(re.findall(r"`([^`]+)`", ids), float(points))
    assert told == {c.id: settings.points for c, settings in autograd.checks}


def test_the_rubric_gives_each_question_of_the_written_part_its_points() -> None:
    questions = re.findall(r"^(\d)\. \*\*.*?\((\d+)\)", (FOLDER / "WRITTEN.md").read_text("utf-8"), flags=re.MULTILINE)
    rubric = re.findall(r"^## (\d)\. .*\((\d+)\)$", (FOLDER / "RUBRIC.md").read_text("utf-8"), flags=re.MULTILINE)
    assert questions == rubric
    assert sum(int(points) for _, points in rubric) == 40


def test_every_program_has_its_words(checks: Any) -> None:
    assert set(checks.PROGRAMS) == set(checks.harness.PROGRAMS)


def results(program: Any, engine: Any) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    found: tuple[Any, ...] = program.run(engine, *(rng.standard_normal(shape) for shape in program.shapes))
    return found


def test_each_wrong_engine_is_wrong_on_a_graph_that_is_judged(checks: Any) -> None:
    programs = [p for name, p in checks.harness.PROGRAMS.items() if name != "long_chain"]
    for cause, engine in wrong_engines():
        differ = [p for p in programs if not all(map(checks._same, results(p, propagate), results(p, engine)))]
        assert differ, cause


def test_every_operation_has_its_check_and_its_cases(checks: Any, autograd: Assignment) -> None:
    names = {c.id.removeprefix("rule.") for c, _ in autograd.checks if c.id.startswith("rule.")}
    assert set(checks.harness.OPERATIONS) == set(checks.CASES) == names


def test_a_pass_that_takes_too_long_is_told_with_its_graph(checks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise WorkerTimeout(20.0)

    monkeypatch.setattr(checks, "_arrays", never)
    grader = SimpleNamespace(rng=lambda *_: np.random.default_rng(0), seed=0)
    with pytest.raises(WorkerTimeout) as caught:
        checks._program_is_right(grader, "lone_leaf", Cause.BACKWARD_WRONG)
    assert "leaf" in caught.value.__notes__[0]


def test_what_is_said_of_a_rule_knows_no_windows_and_sizes_only_where_they_are_unusual(checks: Any) -> None:
    usual, tiny = checks.CASES["log"][0], checks.CASES["log"][-1]
    assert "window" not in " ".join(advice(Cause.OVERWRITTEN, case=usual))
    assert "divisor" in advice(Cause.BACKWARD_WRONG, case=tiny)[1]
    assert "divisor" not in advice(Cause.BACKWARD_WRONG, case=usual)[1]
    assert str(tiny).endswith("about 1e-8")
