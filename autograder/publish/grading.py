"""A class in a terminal: a progress bar with rate and time left, a line for each hand-in, then what came of it all."""

from __future__ import annotations

import shlex
import statistics
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from autograder.gradebook.view import State
from autograder.publish.console import STATUS_NAMES
from autograder.verdict import Status
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Task

    from autograder.gradebook import Gradebook, Row
    from autograder.verdict import SubmissionResult


class _RateColumn(ProgressColumn):
    """How many hand-ins a minute are graded."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(_("{rate:.1f} a minute", rate=60 * speed) if speed else "", style="dim")


class ClassProgress:
    """Draws the bar, and prints a line for each hand-in above it, on the console that is given."""

    def __init__(self, console: Console, count: int) -> None:
        self._console = console
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            speed_estimate_period=600,
        )
        self._task = self._progress.add_task("", total=count)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def finished(self, result: SubmissionResult, students: Sequence[str]) -> None:
        """Print a line on a hand-in, and whose it is."""
        line = Text()
        if result.faulty:
            line.append("    - ", style="bold magenta")
        else:
            style = "green" if result.passed else "red" if result.score < 50 else "yellow"
            line.append(f"{result.score:>5g} ", style=f"bold {style}")
        line.append(", ".join(students), style="bold")
        line.append("  " + _said(result), style="dim")
        self._console.print(line, soft_wrap=True)
        self._progress.advance(self._task)

    def stopping(self) -> None:
        """Say that Ctrl-C was heard."""
        told = _("Stopping. What is under way is finished first; press Ctrl-C again to drop it.")
        if self._console.is_terminal:
            self._progress.update(self._task, description=told)
        else:
            self._console.print(told)


def _said(result: SubmissionResult) -> str:
    """Return what did not pass, in brief."""
    seconds = _("{seconds:.1f} s", seconds=result.timing["total"])
    if result.passed:
        return _("everything passed, {seconds}", seconds=seconds)
    quiet = (Status.PASSED, Status.SKIPPED)
    bad = [f"{c.id} {_(STATUS_NAMES[c.status])}" for c in result.checks if c.status not in quiet]
    more = _(" and {count} more", count=len(bad) - 3) if len(bad) > 3 else ""
    return ", ".join(bad[:3]) + more + ", " + seconds


def print_summary(
    console: Console, book: Gradebook, assignment: str, path: Path, *, graded: int, stopped: bool
) -> None:
    """Print how far the gradebook is, and every line of it that somebody has to look at.

    assignment: as it was asked for, which a command that is told here repeats. graded: how many hand-ins were, now.
    """
    scores = [row.score for row in book.rows if row.state is State.GRADED and row.score is not None]
    console.print(_("{assignment}: {now} hand-ins graded.", assignment=book.assignment, now=graded), markup=False)
    if scores:
        console.print(
            _(
                "{count} students have a score. Median {middle:g}, from {least:g} to {most:g}.",
                count=len(scores),
                middle=statistics.median(scores),
                least=min(scores),
                most=max(scores),
            ),
            style="bold",
        )
    _list(console, _("Missing, on the roster and handed nothing in"), book.missing)
    _list(console, _("On no roster"), book.unmatched)
    fits = (u.attempt.name or u.attempt.student for u in book.unclear)
    _list(console, _("Fits several people of the roster"), fits)
    unreadable = (
        f"{_named(r)}: {r.counts.attempt.problem}" for r in book.rows if r.state is State.UNREADABLE and r.counts
    )
    _list(console, _("Cannot be read"), unreadable)
    _list(console, _("Late by an unknown time"), (r for r in book.rows if r.state is State.UNDECIDED))
    _list(console, _("The grader failed; the next run tries again"), (r for r, _attempt in book.faults))
    waits = sum(a.waits is not None for r in book.rows for a in r.attempts)
    if waits:
        told = _(
            "Results that wait to be accepted: {count}. See them: autograder diff {assignment} --book {path}",
            count=waits,
            assignment=shlex.quote(assignment),
            path=shlex.quote(str(path)),
        )
        console.print(told, style="yellow", markup=False, soft_wrap=True)
    if stopped or any(row.state is State.WAITING for row in book.rows):
        console.print(_("Not finished. Start it again to go on."), style="yellow")


def _list(console: Console, title: str, items: Iterable[Row | str]) -> None:
    """Print a list, if there is anything in it."""
    found = [item if isinstance(item, str) else _named(item) for item in items]
    if found:
        console.print(f"{title} ({len(found)}):", style="yellow", markup=False)
        for item in found:
            console.print(Text(f"  {item}"), soft_wrap=True)


def _named(row: Row) -> str:
    return row.name or row.student
