"""The frozen twin is trained beside the model, in a worker of its own, and ends with the grader."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.checks import Grader, training, twin
from autograder.checks.steps import Settings
from autograder.checks.training import Features, train, train_frozen
from autograder.sandbox import Session, WorkerCrashed, strongest_tier
from autograder.submission import read_submission

FIRST = Features("first layers", lambda tensor: tensor.path.startswith("first"))
MODEL = """
import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE, ITERATIONS, LEARNING_RATE = 32, 50, 0.1

class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.first = nn.Linear(784, 16)
        self.last = nn.Linear(16, 10)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.last(npt.relu(self.first(x.reshape(len(x), -1))))
"""
CUT = MODEL.replace("npt.relu(self", "npt.relu(Tensor(self").replace("-1))))", "-1)).arr)))")
HANGS = MODEL.replace("+= 1", "+= 1\n        while self.calls > 5: pass")


@contextmanager
def grading(folder: Path, source: str) -> Iterator[Grader]:
    file = folder / "assignment.py"
    file.write_text(source, "utf-8")
    submission, cnn = read_submission(file), load_assignment("cnn")
    with (
        Session(submission, cnn.config.limits.limits(), strongest_tier()) as session,
        Grader(cnn, submission, session, 0, lambda *_: None) as grader,
    ):
        yield grader


def test_beside_the_model_or_after_it_the_twin_is_the_same(tmp_path: Path) -> None:
    with grading(tmp_path, MODEL) as grader:
        run = train(grader, FIRST, 0, twin=True)
        began = ("twin", 0) in grader._remembered
        beside = train_frozen(grader, run, 0)
    with grading(tmp_path, MODEL) as grader:
        run = train(grader, FIRST, 0)
        assert began
        assert ("twin", 0) not in grader._remembered
        after = train_frozen(grader, run, 0)
    np.testing.assert_array_equal(beside, after)
    assert not np.array_equal(np.asarray(beside), run.logits)


def test_with_nothing_frozen_the_twin_becomes_what_the_model_became(tmp_path: Path) -> None:
    with grading(tmp_path, MODEL) as grader:
        run = train(grader, Features("none", lambda _: False), 3, twin=True)
        np.testing.assert_array_equal(train_frozen(grader, run, 3), run.logits)


def test_of_a_model_that_gets_no_gradient_no_twin_begins(tmp_path: Path) -> None:
    with grading(tmp_path, CUT) as grader:
        run = train(grader, FIRST, 0, twin=True)
        assert None in run.arrived.values()
        assert ("twin", 0) not in grader._remembered


def test_of_a_model_that_is_slow_no_twin_begins_before_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_COMPARED_SECONDS", 1e-6)
    with grading(tmp_path, MODEL) as grader:
        train(grader, FIRST, 0, twin=True)
        assert ("twin", 0) not in grader._remembered


def test_a_twin_that_hangs_ends_with_the_grader(tmp_path: Path) -> None:
    with grading(tmp_path, HANGS) as grader:
        hanging = twin.FrozenTwin(grader.session.another(), Settings(32, 50, 0.1), (), 0, 60.0)
        grader.keep("twin", hanging)
        while not hanging._session.loaded:
            time.sleep(0.01)
    assert isinstance(hanging._ends.exception(), WorkerCrashed)
    assert not hanging._session.alive()


def test_a_twin_that_is_ended_before_its_worker_is_up_ends_all_the_same(tmp_path: Path) -> None:
    with grading(tmp_path, MODEL) as grader:
        (tmp_path / "assignment.py").write_text("while True: pass", "utf-8")
        session = grader.session.another(read_submission(tmp_path / "assignment.py"))
        hanging = twin.FrozenTwin(session, Settings(32, 50, 0.1), (), 0, 60.0)
        hanging.close()
    assert isinstance(hanging._ends.exception(), WorkerCrashed)


def test_what_is_waited_for_is_the_hand_ins_time_and_no_more(tmp_path: Path) -> None:
    with grading(tmp_path, MODEL) as grader:
        run = train(grader, FIRST, 0, twin=True)
        train_frozen(grader, run, 0)
        assert grader.timing["training"] == pytest.approx(run.seconds + grader.timing["hand_in"])
