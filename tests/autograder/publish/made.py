"""Results made up for tests of publishing: every status, with texts that no format likes."""

from __future__ import annotations

from autograder.gradebook.line import Line
from autograder.gradebook.view import State
from autograder.handins import Id
from autograder.verdict import SCHEMA, CheckResult, Status, SubmissionRef, SubmissionResult

NASTY = "100 %: a, b\r\n::error::no\n\n</pre><script>alert(1)</script> | `x` \x1b[31mred\x07 =1+1 한글"
"""Says something to GitHub, to a browser, to a terminal, to Markdown and to a spreadsheet."""


def check(identity: str, status: Status = Status.PASSED, **more: object) -> CheckResult:
    """Make a check worth ten points."""
    said = {
        "title": f"The title of {identity}",
        "score": 10.0 if status is Status.PASSED else 0.0,
        "max_score": 10.0,
        "visibility": "visible",
        "seconds": 0.5,
        "message": "told",
        **more,
    }
    return CheckResult(id=identity, status=status, **said)  # type: ignore[arg-type] # as `more` has them


def result(*checks: CheckResult) -> SubmissionResult:
    return SubmissionResult(
        schema=SCHEMA,
        assignment="cnn",
        submission=SubmissionRef("assignment.py", "ab" * 32),
        score=sum(c.score for c in checks),
        max_score=sum(c.max_score for c in checks),
        sandbox="landlock",
        seed=7,
        language="en",
        environment={"numpytorch": "0.1.0", "python": "3.12.1", "numpy": "2.3"},
        timing={"total": 3.21, "start": 0.2, "hand_in": 1.0, "peak_memory_mib": 80.0},
        checks=checks,
    )


FULL = result(
    check("conv2d.forward", message="right"),
    check(
        "conv2d.grad_bias",
        Status.FAILED,
        message=NASTY,
        hint="Look\nat it",
        evidence={"breaks": [{"line": 12, "said": "x", "fix": "y"}]},
    ),
    check(
        "model.f1",
        Status.ERROR,
        evidence={
            "frames": [{"line": 3, "function": "f", "text": "g()"}, {"line": 40, "function": "g", "text": "1 / 0"}]
        },
    ),
    check("policy", Status.FAILED, evidence={"found": [[5, "import os"]]}, visibility="hidden", message="SECRET"),
    check("types.strict", Status.SKIPPED, message="Counts once it passes: policy."),
)


def line(student: str, score: float | None = 90.0, **more: object) -> Line:
    """Make a line of the gradebook; without a score, one of which nothing is released."""
    said = {
        "name": f"Name of {student}",
        "ids": {Id.SID: f"00{student}"},
        "state": State.GRADED if score is not None else State.WAITING,
        "max_score": 100.0,
        **more,
    }
    return Line(student=student, score=score, **said)  # type: ignore[arg-type] # as `more` has them
