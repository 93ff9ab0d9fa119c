"""What judging the gradients of one layer costs: Conv2d(2, 3, 3) on x (2, 2, 6, 5), to input, weight and bias.

    python -m benchmarks.judge           (needs torch: pip install -e '.[bench]')

Ours: the model answer's Conv2d in a worker that is up, asked over the pipe and judged in the parent: the three
gradients at every entry, each for nine ways to use the layer. Theirs: torch.autograd.gradcheck on
torch.nn.functional.conv2d, in one process. Both must pass first. They take turns.
"""

from __future__ import annotations

import platform
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from autograder.assignment import load_assignment
from autograder.checks import Grader
from autograder.checks.convolution import Conv2dCase
from autograder.checks.layer import gradient_is_right
from autograder.checks.probe import INPUT
from autograder.runner import Silent
from autograder.sandbox import Limits, Session, strongest_tier
from autograder.submission import read_submission

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 100
CASE = Conv2dCase(2, 2, 6, 5, f=3, k=3)


def in_turns(runs: list[Callable[[], None]]) -> list[list[float]]:
    """Time functions in turns; return milliseconds, for each function and repeat."""
    for run in runs:
        for _ in range(5):
            run()
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(REPEATS):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append((time.perf_counter() - start) * 1e3)
    return times


def main() -> None:
    """Print both medians and their ratio."""
    torch.set_num_threads(1)
    cnn = load_assignment("cnn")
    answer = read_submission(cnn.folder / "solution.py")
    arrays = [np.random.default_rng(0).standard_normal(s) for s in ((2, 2, 6, 5), (3, 2, 3, 3), (3,))]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    seeds = iter(range(10**6))
    with Session(answer, Limits(threads=1), strongest_tier()) as session:
        session.load()

        def ours() -> None:
            with Grader(cnn, answer, session, next(seeds), Silent().progress) as grader:
                for target in (INPUT, "weight", "bias"):
                    gradient_is_right(grader, CASE, target)

        def pytorchs() -> None:
            assert torch.autograd.gradcheck(torch.nn.functional.conv2d, theirs)

        columns = [(statistics.median(t), *np.quantile(t, [0.1, 0.9])) for t in in_turns([ours, pytorchs])]
    print(f"{CASE}, float64, 1 thread; {REPEATS} repeats in turns")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch.__version__}, {platform.machine()}"
    )
    for name, (median, low, high) in zip(("ours", "torch.autograd.gradcheck"), columns, strict=True):
        print(f"{name:<26}{median:6.2f} ms ({low:.2f} to {high:.2f})")
    print(f"ratio: {columns[0][0] / columns[1][0]:.2f} (medians; 10th to 90th percentile in brackets)")


if __name__ == "__main__":
    main()
