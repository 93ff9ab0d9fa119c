"""The autograder, judging the gradients of a hand-in's convolution in a sandbox.

The worker is up, and is asked over its pipe; the parent judges three gradients at every entry, each for nine ways to
use the layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.assignment import load_assignment
from autograder.checks import Grader
from autograder.checks.convolution import Conv2dCase
from autograder.checks.layer import gradient_is_right
from autograder.checks.probe import INPUT
from autograder.runner import Silent
from autograder.sandbox import Limits, Session, strongest_tier
from autograder.submission import read_submission
from benchmarks import machine
from benchmarks.libraries.ours import version as version
from benchmarks.turns import Work

if TYPE_CHECKING:
    from numpytorch._types import Array

CASE = Conv2dCase(2, 2, 6, 5, f=3, k=3)
pools = machine.pools


def gradient_check() -> Work:
    """All gradients of the model answer's Conv2d(2, 3, 3) on x (2, 2, 6, 5), judged as a hand-in's."""
    cnn = load_assignment("cnn")
    answer = read_submission(cnn.folder / "solution.py")
    seeds = iter(range(10**6))
    session = Session(answer, Limits(threads=1), strongest_tier())
    session.__enter__()  # for as long as this process lives
    session.load()

    def step() -> None:
        with Grader(cnn, answer, session, next(seeds), Silent().progress) as grader:
            for target in (INPUT, "weight", "bias"):
                gradient_is_right(grader, CASE, target)  # raises if it is wrong

    def results() -> dict[str, Array]:
        step()
        return {"passes": np.ones(1)}

    return Work(step, results)
