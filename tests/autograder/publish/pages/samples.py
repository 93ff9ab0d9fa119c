"""Results as a grader leaves them, made without grading anything: one hand-in that fails in instructive ways."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from autograder.checks.compare import first_mismatch
from autograder.checks.picture import filters
from autograder.verdict import SCHEMA, CheckResult, Status, SubmissionRef, SubmissionResult
from numpytorch.data import mnist
from numpytorch.data.files import shipped_folder

SOURCE = '''\
"""My CNN."""

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn


class Conv2d(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        self.w = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)
        self.b = nn.Parameter.new(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        windows = np.lib.stride_tricks.sliding_window_view(x.arr, self.w.shape[2:], axis=(2, 3))
        out = np.einsum("nchwij,fcij->nfhw", windows, self.w.arr) + self.b.arr[:, None, None]
        return Tensor(out)


class MaxPool2d(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(3, -1)  # a < b && c > d
'''
ENVIRONMENT = {
    "numpytorch": "0.1.0",
    "python": "3.11.2",
    "numpy": "2.4.6",
    "mypy": "2.4.1",
    "scikit-learn": "1.9.1",
    "system": "Linux 6.1",
    "machine": "x86_64",
    "cores": "2",
}
TIMING = {"start": 0.61, "training": 14.2, "hand_in": 19.8, "total": 24.6, "peak_memory_mib": 214.0}


def check(id: str, points: float, status: Status = Status.PASSED, **more: Any) -> CheckResult:
    """Make a verdict; what is not told is as of a check that passed."""
    known = {"title": id, "visibility": "visible", "seconds": 0.2, "message": "Right in all 8 configurations.", **more}
    score = points if status is Status.PASSED else 0.0
    return CheckResult(id=id, status=status, score=score, max_score=points, **known)


def mismatch(shape: tuple[int, ...] = (2, 3, 5, 4), *, seed: int = 0) -> dict[str, Any]:
    """Return the evidence of a gradient whose kernel is flipped."""
    right = np.random.default_rng(seed).standard_normal(shape)
    found = first_mismatch(np.flip(right, axis=-1) if shape else right + 1, right)
    assert found is not None
    return found.evidence()


def learning(iterations: int = 600) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    before, after = (rng.standard_normal((8, 1, 3, 3)) for _ in range(2))
    t = np.arange(iterations)
    losses = 2.3 * np.exp(-t / 150) + 0.25 + 0.08 * rng.standard_normal(iterations)
    return {
        "iterations": iterations,
        "losses": [float(f"{loss:.5g}") for loss in losses],
        "f1_over_training": [[0, 0.09], [120, 0.62], [240, 0.79], [360, 0.86], [480, 0.9], [iterations, 0.91]],
        "filters": {
            "path": "layers.0.w",
            "shape": [8, 1, 3, 3],
            "before": filters(before),
            "after": filters(before + 0.6 * after),
        },
        "moved": {"layers.0.w": 0.61, "layers.2.b": 1.4},
        "largest_gradient": {"layers.0.w": 0.02},
        "warnings": [],
    }


def scores() -> dict[str, Any]:
    labels = mnist(shipped_folder())[1].y
    matrix = np.diag([97, 99, 91, 93, 96, 88, 95, 92, 87, 90])
    for i, j in [(4, 9), (9, 4), (3, 5), (5, 3), (7, 9), (8, 3), (2, 7), (8, 5)]:
        matrix[i, j] = 3
    return {
        "macro_f1": 0.9312,
        "micro_f1": 0.932,
        "wanted": 0.9,
        "seeds": [1],
        "confusion_matrix": matrix.tolist(),
        "wrong_digits": [[i, int(labels[i]), int(labels[i] + 1 + i % 9) % 10] for i in range(7, 260, 11)],
    }


def severed() -> dict[str, Any]:
    fix = "Compute with Tensors all the way: `w * x[...]`, npt.einsum, and no new Tensor at the end."
    said = (
        "The path from the weight breaks at assignment.py line 15, in Conv2d.forward: `x.arr` reads the values out of "
        "the graph, and line 17, `Tensor(out)`, puts the result into a new Tensor, which has no graph."
    )
    return {
        "cause": "severed",
        "plain_tensor": False,
        "breaks": [{"targets": ["the weight"], "line": 15, "said": said, "fix": fix}],
    }


def rich_result(**more: Any) -> SubmissionResult:
    """Return a result with every kind of evidence."""
    breaks = severed()
    checks = (
        check("conv2d.forward", 10, title="Conv2d.forward computes the cross-correlation"),
        check(
            "conv2d.grad_weight",
            15,
            Status.FAILED,
            title="The gradient at the weight is right",
            message="Your forward is right, but no gradient arrives at the weight. " + breaks["breaks"][0]["said"],
            hint=breaks["breaks"][0]["fix"],
            evidence=breaks,
        ),
        check(
            "conv2d.grad_input",
            10,
            Status.FAILED,
            title="The gradient at the input is right",
            message="Conv2d(2, 3, 3): the gradient at the input is that of a flipped kernel.\n"
            "118 of 120 entries are wrong. The worst, at [1, 2, 4, 0]: expected 1.25, got -0.3 (tolerance 1.1e-05).",
            hint="In backward, the kernel is read back to front: leave out `[::-1]`, or see README.md, part 3.",
            evidence={"cause": "flipped_kernel", "factor": None, **mismatch()},
        ),
        check("conv2d.grad_bias", 5, visibility="hidden", message="SECRET", evidence={"secret": "SECRET"}),
        check(
            "maxpool2d.forward",
            10,
            Status.ERROR,
            title="MaxPool2d.forward takes the maximum of each window",
            message="Your code raised ValueError at line 22, in MaxPool2d.forward: `return x.reshape(3, -1)`. "
            "cannot reshape array of size 784 into shape (3,-1)",
            hint="Make that call yourself in a Python prompt, and look at the shapes and values on the line named.",
            evidence={
                "cause": "raised",
                "exception": "ValueError",
                "text": "cannot reshape array of size 784 into shape (3,-1)",
                "frames": [{"line": 22, "function": "MaxPool2d.forward", "text": "return x.reshape(3, -1)"}],
                "output": "shape (1, 1, 28, 28)\nTraceback: <none>\n",
            },
        ),
        check("maxpool2d.grad_input", 10, Status.SKIPPED, message="maxpool2d.forward did not pass."),
        check("model.learns", 15, title="Training changes every parameter, and helps", evidence=learning()),
        check("model.f1", 15, title="The trained model reads digits", evidence=scores()),
        check(
            "types.strict",
            5,
            Status.FAILED,
            title="mypy --strict finds nothing",
            message="Expected no errors from mypy --strict, got 1:\n  line 21: Function is missing a type annotation",
            hint="Run `mypy --strict assignment.py` to see them all.",
            evidence={"cause": "types", "errors": [[21, 'Function is missing a type annotation  [no-untyped-def]']]},
        ),
        check("policy", 5, Status.GRADER_FAULT, message="The grader failed here, not your code.",
              evidence={"error": "OSError: disk", "traceback": "Traceback (most recent call last):\n  OSError: disk"}),
    )  # fmt: skip
    whole = SubmissionResult(
        schema=SCHEMA,
        assignment="cnn",
        submission=SubmissionRef("hand-ins/assignment.py", "ab" * 32),
        score=sum(c.score for c in checks),
        max_score=sum(c.max_score for c in checks),
        sandbox="bubblewrap",
        seed=7,
        language="en",
        environment=ENVIRONMENT,
        timing=TIMING,
        checks=checks,
    )
    return msgspec.structs.replace(whole, **more)
