"""Gradescope's results.json: what an autograder leaves in /autograder/results.

Source: gradescope-autograders.readthedocs.io/en/latest/specs. Points, names and verdicts go in as data; messages as
`ansi`, which shows colours and no markup; what is said of the whole as `html`, escaped.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.publish.console import STATUS_NAMES
from autograder.sandbox.text import clean
from autograder.verdict import Status
from autograder.words import _

if TYPE_CHECKING:
    from autograder.verdict import CheckResult, SubmissionResult

MOST_CHARACTERS = 100_000
"""What all outputs of a results.json may hold together, not to be refused or cut without a word."""

_BOLD, _CYAN, _PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[0m"


def results_json(result: SubmissionResult, *, score: float | None = None, command: str = "") -> bytes:
    """Return the results of a hand-in.

    score: what it comes to in the gradebook, where lateness or people made it another than the sum of the checks.
    command: the assignment, as commands name it.
    A hidden check is shown once grades are published, and never its message: title, verdict and points.
    """
    room = MOST_CHARACTERS // (len(result.checks) + 1)
    return _encoded(
        {
            "score": result.score if score is None else score,
            "execution_time": round(result.timing.get("total", 0.0), 2),
            "output": _about(result, command or result.assignment),
            "output_format": "html",
            "test_output_format": "ansi",
            "test_name_format": "text",
            "stdout_visibility": "hidden",
            "extra_data": {"seed": result.seed, "sandbox": result.sandbox, "sha256": result.submission.sha256},
            "tests": [_test(check, room) for check in result.checks],
        }
    )


def refused_json(why: str) -> bytes:
    """Return the results of a hand-in that cannot be read: no points, and the reason."""
    return _encoded({"score": 0.0, "output": clean(why, MOST_CHARACTERS), "output_format": "text", "tests": []})


def _test(check: CheckResult, room: int) -> dict[str, Any]:
    hidden = check.visibility == "hidden"
    return {
        "name": f"{check.id}: {check.title}",
        "score": check.score,
        "max_score": check.max_score,
        "status": "passed" if check.status is Status.PASSED else "failed",
        "output": "" if hidden else _output(check, room),
        "visibility": "after_published" if hidden else "visible",
        "extra_data": {"id": check.id, "status": check.status.value},
    }


def _output(check: CheckResult, room: int) -> str:
    """Return a check's verdict, message and hint, in no more characters than there is room for."""
    verdict = "" if check.status is Status.PASSED else f"{_BOLD}{_(STATUS_NAMES[check.status])}{_PLAIN}\n"
    hint = f"\n{_CYAN}{_('Hint: {hint}', hint=clean(check.hint, room // 4))}{_PLAIN}" if check.hint else ""
    room -= len(verdict) + len(hint)
    message = clean(check.message, len(check.message))
    if len(message) > room:
        note = "\n" + _(
            "[Cut here: Gradescope takes {most} characters in all, and this message has {count}. "
            "`autograder check` shows it whole.]",
            most=MOST_CHARACTERS,
            count=len(message),
        )
        message = message[: room - len(note)] + note
    return verdict + message + hint


def _about(result: SubmissionResult, command: str) -> str:
    """Return what was run, and how to run it again, as HTML."""
    said = [
        _("Score: {score:g} of {max_score:g}", score=result.score, max_score=result.max_score),
        _(
            "numpytorch {version}, Python {python}, sandbox: {sandbox}.",
            version=result.environment.get("numpytorch", "?"),
            python=result.environment.get("python", "?"),
            sandbox=result.sandbox,
        ),
    ]
    again = f"autograder check {command} assignment.py --seed {result.seed}"
    lines = [*(f"<p>{html.escape(line)}</p>" for line in said)]
    lines.append(f"<p>{html.escape(_('To see the same on your machine:'))} <code>{html.escape(again)}</code></p>")
    return "".join(lines)


def _encoded(results: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"
