"""Run an assignment's checks on one hand-in."""

from __future__ import annotations

import os
import platform
import time
import traceback
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

import numpy as np

from autograder.checks.api import Check, Failed, Grader
from autograder.checks.causes import Cause
from autograder.sandbox import (
    LaunchError,
    ProtocolError,
    SandboxError,
    Session,
    StudentError,
    Tier,
    WorkerCrashed,
    WorkerMemory,
    WorkerTimeout,
    strongest_tier,
)
from autograder.sandbox.said import translated
from autograder.verdict import SCHEMA, CheckResult, Status, SubmissionRef, SubmissionResult
from autograder.words import N_, _, current_language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from autograder.assignment import Assignment, CheckConfig
    from autograder.submission import Submission


class Listener(Protocol):
    """Who is told how it is going."""

    def started(self, check: Check) -> None:
        """A check has begun."""

    def progress(self, fraction: float, text: str) -> None:
        """So much of the check is done, from 0 to 1, and this is what it is doing."""

    def finished(self, result: CheckResult) -> None:
        """A check has ended."""


class Silent:
    """A listener that does nothing."""

    def started(self, check: Check) -> None:
        """Do nothing."""

    def progress(self, fraction: float, text: str) -> None:
        """Do nothing."""

    def finished(self, result: CheckResult) -> None:
        """Do nothing."""


def check_submission(
    assignment: Assignment,
    submission: Submission,
    *,
    seed: int = 0,
    only: str = "*",
    listener: Listener | None = None,
    tier: Tier | None = None,
) -> SubmissionResult:
    """Run the checks whose ids match the glob `only`, in order, and collect the verdicts.

    tier: what holds the hand-in; the strongest that works here, if none is given.
    A check that fails, in whatever way, costs its own points and those of checks that require it.
    The same hand-in, seed and environment give the same verdicts; texts are in `words.current_language()`.
    Raises AssignmentError if a package is missing that hand-ins need.
    """
    listener = listener or Silent()
    config = assignment.config
    assignment.demand_packages()
    began = time.perf_counter()
    chosen = assignment.select(only)
    results: dict[str, CheckResult] = {}
    limits, tier = config.limits.limits(), tier or strongest_tier()
    with (
        Session(submission, limits, tier, assignment.harness, config.imports, config.environment) as session,
        Grader(assignment, submission, session, seed, listener.progress) as grader,
    ):
        with suppress(LaunchError):  # each check tries again, and is no verdict if that fails
            session.start()
        grader.timing["start"] = time.perf_counter() - began
        for check, _settings in chosen:
            grader.begin(check)
        for check, settings in chosen:
            listener.started(check)
            results[check.id] = _run(grader, session, check, settings, results)
            listener.finished(results[check.id])
        usage = session.usage()
        timing = {
            **grader.timing,
            "hand_in": usage.wait_seconds + grader.timing.get("hand_in", 0.0),
            "total": time.perf_counter() - began,
            "peak_memory_mib": usage.peak_rss / 2**20,
        }
    return _whole(assignment, submission, seed, session.tier_name, timing, tuple(results.values()))


def unjudged(assignment: Assignment, submission: Submission, seed: int, sandbox: str, why: str) -> SubmissionResult:
    """Return a result without a verdict, for a hand-in on which the grader itself failed: whose fault, and why."""
    faults = tuple(
        CheckResult(
            id=check.id,
            title=_(check.title),
            status=Status.GRADER_FAULT,
            score=0.0,
            max_score=settings.points,
            visibility=settings.visibility,
            seconds=0.0,
            message=_(_FAULT),
            evidence={"error": why},
        )
        for check, settings in assignment.checks
    )
    return _whole(assignment, submission, seed, sandbox, dict.fromkeys(_TIMES, 0.0), faults)


def _whole(
    assignment: Assignment,
    submission: Submission,
    seed: int,
    sandbox: str,
    timing: Mapping[str, float],
    checks: tuple[CheckResult, ...],
) -> SubmissionResult:
    return SubmissionResult(
        schema=SCHEMA,
        assignment=assignment.name,
        submission=SubmissionRef(_as_text(submission.path), submission.sha256),
        score=sum(c.score for c in checks),
        max_score=sum(c.max_score for c in checks),
        sandbox=sandbox,
        seed=seed,
        language=current_language(),
        environment=environment(assignment),
        timing={k: round(v, 4) for k, v in timing.items()},
        checks=checks,
    )


def _as_text(path: Path) -> str:
    """Return a path as UTF-8 can write it: a name on Linux may be any bytes."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def environment(assignment: Assignment) -> dict[str, str]:
    """Return what a result was reached with: versions, system and processor, and what the assignment sets."""
    return {
        "numpytorch": version("numpytorch"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "mypy": version("mypy"),
        "scikit-learn": version("scikit-learn"),
        **{name: version(name) for name in assignment.config.packages},
        **assignment.config.environment,
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def _run(
    grader: Grader, session: Session, check: Check, settings: CheckConfig, before: dict[str, CheckResult]
) -> CheckResult:
    began = time.perf_counter()

    def result(status: Status, message: str, hint: str = "", evidence: dict[str, object] | None = None) -> CheckResult:
        return CheckResult(
            id=check.id,
            title=_(check.title),
            status=status,
            score=settings.points if status is Status.PASSED else 0.0,
            max_score=settings.points,
            visibility=settings.visibility,
            seconds=round(time.perf_counter() - began, 4),
            message=message,
            hint=hint,
            evidence=evidence or ({} if status in _NO_CAUSE else {"cause": str(status)}),
        )

    needed = [before[r] for r in settings.requires if r in before]
    if needed and not any(r.status is Status.PASSED for r in needed):
        names = ", ".join(r.id for r in needed)
        return result(
            Status.SKIPPED,
            _("Counts once it passes: {names}.", names=names)
            if len(needed) == 1
            else _("Counts once one of these passes: {names}.", names=names),
        )
    try:
        with session.deadline(settings.seconds):
            passed = check.run(grader)
    except Failed as error:
        return result(error.status, error.message, error.hint, error.evidence)
    except StudentError as error:
        return _raised(result, error, session)
    except WorkerTimeout as error:
        return result(
            Status.TIMEOUT,
            _("Stopped: no answer within {seconds:g} seconds.", seconds=error.seconds) + _notes(error),
            _(
                "Is there a loop that does not end? Loops over single entries are slow, and so is a search in a long "
                "list: let NumPy work on whole arrays, and look things up in a set or a dict."
            ),
        )
    except WorkerMemory as error:
        return result(
            Status.MEMORY,
            _("Stopped: the hand-in needed more than {limit} MiB of memory.", limit=error.limit >> 20) + _notes(error),
            _("How large is the largest array you make? Its shape times 8 bytes is what it needs."),
        )
    except WorkerCrashed as error:
        return result(
            Status.CRASHED,
            _(
                "The process that ran the hand-in ended with status {status}, without an answer.",
                status=error.returncode,
            )
            + _notes(error),
            _(
                "Does something call os._exit, or kill the process? Last output: {output}.",
                output=error.tail[-300:] or _("none"),
            ),
        )
    except ProtocolError as error:
        return result(
            Status.FORBIDDEN,
            _("The hand-in tampered with the channel that its results go through.") + _notes(error),
            _("A hand-in has no business with file descriptors, threads or the process it runs in."),
        )
    except Exception as error:  # noqa: BLE001 (our own fault, whatever it is)
        return result(
            Status.GRADER_FAULT,
            _(_FAULT),
            evidence={"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()},
        )
    return result(Status.PASSED, passed.message, evidence=passed.evidence)


_TIMES = ("start", "hand_in", "total", "peak_memory_mib")
_FAULT = N_("The grader failed here, not your code: this check has no verdict. Please report it.")
_NO_CAUSE = (Status.PASSED, Status.SKIPPED, Status.GRADER_FAULT)
"""Of the others, that say nothing of the cause themselves, the status is the cause."""


def _notes(error: SandboxError) -> str:
    """Return what the check said of when it happened."""
    return "".join("\n" + note for note in dict.fromkeys(getattr(error, "__notes__", ())))


class _Result(Protocol):
    def __call__(
        self, status: Status, message: str, hint: str = "", evidence: dict[str, object] | None = None
    ) -> CheckResult: ...


def _raised(result: _Result, error: StudentError, session: Session) -> CheckResult:
    """Report an exception that the hand-in raised."""
    evidence: dict[str, object] = {
        "cause": str(Cause.RAISED),
        "exception": error.kind,
        "text": error.message,
        "frames": [{"line": f.line, "function": f.function, "text": f.text} for f in error.frames],
        "output": session.output_tail()[-2000:],
    }
    text = translated(error.message)
    if error.kind == "NotImplementedError":
        return result(
            Status.ERROR,
            _("Not written yet. {text}", text=text),
            _("Fill it in: the docstring says what it computes, and README.md how."),
            evidence | {"cause": str(Cause.NOT_WRITTEN)},
        )
    if error.kind in ("SyntaxError", "IndentationError", "TabError", "ImportError", "ModuleNotFoundError"):
        where = _(" at line {line}", line=error.frames[-1].line) if error.frames else ""
        return result(
            Status.ERROR,
            _("The file cannot be imported: {kind}{where}. {text}", kind=error.kind, where=where, text=text),
            _("Run `python assignment.py`: it must end without an error."),
            evidence,
        )
    where = ""
    if error.frames:
        last = error.frames[-1]
        where = _(" at line {line}, in {function}: `{code}`", line=last.line, function=last.function, code=last.text)
    if error.kind == "PermissionError":
        return result(
            Status.FORBIDDEN,
            _("The sandbox does not allow what your code does{where}. {text}", where=where, text=text) + _notes(error),
            _("A hand-in only computes: it opens no files but in its own folder, no connections, and no processes."),
            evidence | {"cause": str(Status.FORBIDDEN)},
        )
    return result(
        Status.ERROR,
        _("Your code raised {kind}{where}. {text}", kind=error.kind, where=where, text=text) + _notes(error),
        _("Make that call yourself in a Python prompt, and look at the shapes and values on the line named."),
        evidence,
    )
