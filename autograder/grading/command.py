"""`autograder grade`: read a class, grade what has no result yet, book it, and say what needs somebody's eyes."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from autograder.assignment import AssignmentError, load_assignment
from autograder.gradebook import Book, BookError, ClassError, class_rules
from autograder.gradebook.tables import due
from autograder.grading.cluster import ClusterError, ClusterPool
from autograder.grading.pools import LocalPool, Pool
from autograder.grading.run import grade_all
from autograder.grading.stop import Stop
from autograder.grading.work import DifferentGraderError, Identity, Task, identity
from autograder.handins import RosterError, collect, read_roster
from autograder.publish.grading import ClassProgress, print_summary
from autograder.sandbox import LaunchError, strongest_tier, tier_named, weaker
from autograder.submission import SubmissionError
from autograder.usage import USAGE, tell
from autograder.words import _, current_language, language
from numpytorch.data import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_WORKERS = 61
"""Windows waits for no more processes at once."""
_TOLD = (
    AssignmentError, BookError, ClassError, ClusterError, DataError, DifferentGraderError, LaunchError, RosterError,
    SubmissionError, OSError,
)  # fmt: skip


def _cores() -> int:
    """Return how many cores this process may use, which a container or a job of Slurm may limit."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


def grade(
    assignment: Annotated[str, typer.Argument(help="The assignment: autograd, cnn, cuda, rnn; or a folder.")],
    submissions: Annotated[
        Path, typer.Argument(help="What came in: a folder, an archive, or a download of Canvas, Moodle or Gradescope.")
    ],
    book: Annotated[Path, typer.Option(metavar="BOOK", help="The gradebook, a file; made if it is not there.")],
    roster: Annotated[Path | None, typer.Option(metavar="CSV", help="Who is in the class.")] = None,
    rules: Annotated[
        Path | None, typer.Option("--class", metavar="FILE", help="The class's rules. Default: class.toml beside BOOK.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=MOST_WORKERS, metavar="N", help="How many hand-ins to grade at a time. Default: one a core."
        ),
    ] = _cores(),
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask cluster, not on this machine.")
    ] = "",
    tier: Annotated[
        Literal["bubblewrap", "landlock", "limits", "process"] | None,
        typer.Option("--sandbox", help="The sandbox to use. Default: the strongest that works."),
    ] = None,
    accept_weaker_sandbox: Annotated[
        bool, typer.Option("--accept-weaker-sandbox", help="Grade in a weaker sandbox than the class's rules ask for.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**32 - 1, help="What every random choice comes from. Default: the book's own."),
    ] = None,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="The language of reports. Default: the system's.")
    ] = None,
) -> None:
    """Grade the hand-ins of a class into a gradebook. Start it again to go on where it stopped.

    Exit status: 0 if every hand-in has a verdict, 1 if it was stopped before that, 2 for wrong usage, or if the grader
    failed on a hand-in.
    """
    errors = Console(stderr=True, highlight=False)
    with language(lang or current_language()):
        try:
            status = _grade(
                errors,
                assignment,
                submissions,
                book,
                roster=roster,
                rules_file=rules,
                workers=workers,
                cluster=cluster,
                tier=tier or "",
                weaker_will_do=accept_weaker_sandbox,
                seed=seed,
            )
        except _TOLD as error:
            tell(error)
            status = USAGE
        except KeyboardInterrupt:
            errors.print(_("Dropped what was under way. What was finished is kept: start it again to go on."))
            status = 1
    raise typer.Exit(status)


def _grade(
    errors: Console,
    assignment: str,
    submissions: Path,
    book_path: Path,
    *,
    roster: Path | None,
    rules_file: Path | None,
    workers: int,
    cluster: str,
    tier: str,
    weaker_will_do: bool,
    seed: int | None,
) -> int:
    task = load_assignment(assignment)
    if (Path(assignment) / "assignment.toml").is_file() and assignment != task.name:
        assignment = str(task.folder)  # the same place for every process, wherever it works
    rules = class_rules(book_path, rules_file)
    least = "process" if weaker_will_do else rules.sandbox
    people = None if roster is None else read_roster(roster)
    attempts = collect(submissions)
    with Book(book_path) as book, _pool(errors, assignment, workers, cluster, tier, least) as (pool, here):
        if people is not None:
            book.add_roster(people)
        book.add_attempts(task.name, attempts)
        seed = book.seed(task.name, seed)
        pending = book.pending(task.name, lambda hand_in: here.key(hand_in, seed))
        tasks = (
            Task(assignment, p.hand_in, book.content(p.hand_in), seed, current_language(), here)
            for p in pending  # made one at a time: their contents need not be in memory all at once
        )
        owners = _owners(book, task.name)
        done = 0
        with ClassProgress(errors, len(pending)) as progress, Stop(progress.stopping) as stop:
            for graded, result in grade_all(pool, tasks, stop):
                book.add_result(task.name, here.key(graded.hand_in, seed), result)
                progress.finished(result, owners[graded.hand_in])
                done += 1
        gradebook = book.gradebook(task.name, rules, task.config.written)
        out = Console(highlight=False)
        out.print("\n" + due(gradebook, rules), style="dim", markup=False, soft_wrap=True)
        print_summary(out, gradebook, assignment, book_path, graded=done, stopped=stop.asked)
    return USAGE if gradebook.faults else 1 if stop.asked else 0


def _owners(book: Book, assignment: str) -> dict[str, list[str]]:
    """Return who handed in what, by the hand-in."""
    owners: dict[str, list[str]] = {}
    for stored in book.attempts(assignment):
        name = stored.attempt.name or stored.attempt.student
        if name not in owners.setdefault(stored.hand_in, []):
            owners[stored.hand_in].append(name)
    return owners


@contextmanager
def _pool(
    errors: Console, assignment: str, workers: int, cluster: str, tier: str, least: str
) -> Iterator[tuple[Pool, Identity]]:
    """Open what grades: processes of this machine, or a cluster; and tell what verdicts depend on there."""
    pool: LocalPool | ClusterPool
    if cluster:
        pool = ClusterPool(cluster, assignment, tier, least)
        here = pool.identity
        for refused in pool.refused:
            errors.print(f"{refused.worker}: {refused.why}", style="yellow", markup=False, soft_wrap=True)
    else:
        tier = tier_named(tier).name if tier else strongest_tier().name
        if weaker(tier, least):
            raise LaunchError(_too_weak(tier, least))
        here = identity(assignment, tier)
        pool = LocalPool(workers)
    now = True
    try:
        yield pool, here
        now = False
    finally:
        pool.close(now=now)


def _too_weak(tier: str, least: str) -> str:
    try:
        tier_named(least)
        why = _("{least} works here: leave --sandbox out, or say --sandbox {least}.", least=least)
    except LaunchError as error:
        why = str(error)
    return _(
        "the class's rules ask for the sandbox {least} or a stronger one, but hand-ins would run in {tier}. {why} "
        "If hand-ins may run in {tier} all the same, say so: --accept-weaker-sandbox.",
        least=least,
        tier=tier,
        why=why,
    )
