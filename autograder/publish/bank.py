"""A bank's report in a terminal: a progress bar while it runs, a line for each disagreement, then the rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from autograder.bank import NAMED, Kind

if TYPE_CHECKING:
    from rich.console import Console

    from autograder.bank import Outcome, Report

_STYLE = {Kind.UNNAMED: "yellow", Kind.GRADER_FAULT: "magenta"}


class BankProgress:
    """A progress bar over hand-ins, on the console that is given (standard error, usually)."""

    def __init__(self, console: Console, count: int) -> None:
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[disagree]} disagree; last: {task.fields[last]}", markup=False),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=count, disagree=0, last="")
        self._disagree = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def finished(self, outcome: Outcome) -> None:
        """Count it."""
        self._disagree += bool(outcome.disagreements)
        self._progress.update(self._task, advance=1, disagree=self._disagree, last=outcome.hand_in)


def print_report(console: Console, report: Report, *, part: bool) -> None:
    """Print where verdicts and declarations disagree, and the rates.

    part: whether only some of the hand-ins ran, so that what no hand-in fails alone is not known.
    """
    for outcome in report.outcomes:
        for d in outcome.disagreements:
            line = Text(f"{outcome.hand_in}  ", style="bold")
            line.append(d.check, style=_STYLE.get(d.kind, "red"))
            line.append(f"  declared: {d.declared}; happened: {d.happened}.  {d.message}", style="not bold")
            console.print(line, soft_wrap=True)
    wrong = report.killed[1]
    console.print(f"\n{report.assignment}: {len(report.outcomes) - wrong} right hand-ins and {wrong} wrong ones.")
    console.print(_rate("Kill rate", report.killed, "wrong hand-ins failed every check declared"))
    console.print(_rate("False alarms", report.false_alarms, "hand-ins failed a check that they should pass"))
    console.print(_rate("Causes named", report.named, f"wrong hand-ins; at least {NAMED:.0%} are asked for"))
    if report.never_alone and not part:
        console.print(
            f"No wrong hand-in that all checks ran on fails these alone: {', '.join(report.never_alone)}.",
            soft_wrap=True,
        )


def _rate(name: str, counts: tuple[int, int], of: str) -> str:
    part, whole = counts
    percent = f"{part / whole:.1%}" if whole else "-"
    return f"{name + ':':<14}{percent:>7}  ({part} of {whole} {of})"
