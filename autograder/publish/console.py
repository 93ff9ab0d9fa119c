"""Results in a terminal: a progress bar while the checks run, then a line for each, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from autograder.checks.causes import Cause
from autograder.verdict import Status
from autograder.words import N_, _

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.checks import Check
    from autograder.verdict import CheckResult, SubmissionResult

STATUS_NAMES = {
    Status.PASSED: N_("passed"),
    Status.FAILED: N_("failed"),
    Status.ERROR: N_("error"),
    Status.TIMEOUT: N_("timeout"),
    Status.MEMORY: N_("memory"),
    Status.CRASHED: N_("crashed"),
    Status.FORBIDDEN: N_("forbidden"),
    Status.SKIPPED: N_("skipped"),
    Status.GRADER_FAULT: N_("grader fault"),
}
_STYLE = {
    Status.PASSED: "green",
    Status.SKIPPED: "dim",
    Status.GRADER_FAULT: "magenta",
}


class LiveProgress:
    """A listener that draws a progress bar, on the console that is given (standard error, usually)."""

    def __init__(self, console: Console, count: int) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(_("starting"), total=count)
        self._done = 0
        self._check = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def started(self, check: Check) -> None:
        """Show which check runs."""
        self._check = check.id
        self._progress.update(self._task, description=escape(check.id))

    def progress(self, fraction: float, text: str) -> None:
        """Show how far it is."""
        completed = self._done + min(max(fraction, 0.0), 1.0)
        self._progress.update(self._task, completed=completed, description=escape(f"{self._check}: {text}"))

    def finished(self, result: CheckResult) -> None:
        """Count it."""
        self._done += 1
        self._progress.update(self._task, completed=self._done, description=escape(result.id))


def print_result(console: Console, result: SubmissionResult, withheld_points: float = 0) -> None:
    """Print every check with its points, what was wrong and what to try, then the score and the time.

    withheld_points: of checks that are not here, but run once the work is handed in.
    """
    console.print()
    for check in result.checks:
        _print_check(console, check)
    ran = [c for c in result.checks if c.status is not Status.SKIPPED]
    if ran and all(c.evidence.get("cause") == Cause.NOT_WRITTEN for c in ran):
        console.print(
            "\n"
            + _(
                "Nothing is written yet, so there are no points yet: this is where everyone starts. Fill in the first "
                "class, check again, and watch {check} change.",
                check=ran[0].id,
            ),
            highlight=False,
        )
    style = "bold green" if result.passed else "bold"
    score = _("Score: {score:g} of {max_score:g}", score=result.score, max_score=result.max_score)
    console.print(f"\n{score}", style=style, highlight=False)
    if withheld_points:
        more = _("{points:g} more points are given by checks that run once you hand in.", points=withheld_points)
        console.print(more, highlight=False)
    console.print(Text(_where_time_went(result), style="dim"))
    made_with = _(
        "Seed {seed}, sandbox: {sandbox}, {versions}.",
        seed=result.seed,
        sandbox=result.sandbox,
        versions=_versions(result),
    )
    console.print(Text(made_with, style="dim"))


def _print_check(console: Console, check: CheckResult) -> None:
    style = _STYLE.get(check.status, "red")
    line = Text()
    name = _(STATUS_NAMES[check.status])
    line.append(" " * (12 - cell_len(name)) + name, style=f"bold {style}")  # a Korean letter is two cells wide
    line.append(f"  {check.score:>4g}/{check.max_score:<3g} ")
    line.append(f"{check.id:<21}", style="bold")
    line.append(check.title)
    line.append("  " + _("{seconds:.1f} s", seconds=check.seconds), style="dim")
    console.print(line, soft_wrap=True)
    if check.status is Status.PASSED:
        console.print(_indented(check.message, "dim"))
        return
    console.print(_indented(check.message))
    if check.hint:
        console.print(_indented(_("Hint: {hint}", hint=check.hint), "cyan"))


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style=style), (0, 0, 0, 23))


def _where_time_went(result: SubmissionResult) -> str:
    t = result.timing
    training, total, hand_in = t.get("training", 0.0), t["total"], t["hand_in"]
    parts = {
        _("start of the worker"): t["start"],
        _("training"): training,
        _("the hand-in's other work"): hand_in - training,
        _("the grader"): total - t["start"] - hand_in,
    }
    spent = ", ".join(f"{name} {max(seconds, 0):.1f}" for name, seconds in parts.items())
    return _(
        "Seconds: {total:.1f} in all: {spent}. Peak memory {memory:.0f} MiB.",
        total=total,
        spent=spent,
        memory=t["peak_memory_mib"],
    )


def _versions(result: SubmissionResult) -> str:
    e = result.environment
    return f"numpytorch {e['numpytorch']}, Python {e['python']}, NumPy {e['numpy']}"
