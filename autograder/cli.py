"""The `autograder` command."""

from __future__ import annotations

import fnmatch
import io
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from autograder.assignment import AssignmentError, load_assignment
from autograder.bank import BankError, load_bank, run_bank
from autograder.demo.command import demo
from autograder.gradebook.commands import app as gradebook_app
from autograder.grading.command import grade
from autograder.publish.bank import BankProgress, print_report
from autograder.publish.canvas import canvas
from autograder.publish.command import publish
from autograder.publish.console import LiveProgress, print_result
from autograder.publish.gradescope import gradescope
from autograder.publish.outputs import Outputs, check_writable
from autograder.release.command import release
from autograder.runner import check_submission
from autograder.submission import SubmissionError, read_submission
from autograder.usage import USAGE, tell, usage_errors
from autograder.watch import watched
from autograder.words import _, current_language, language, system_language
from numpytorch.data import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    help="Check and grade assignments of the numpytorch course.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(grade)
app.command()(publish)
app.command()(gradescope)
app.command()(canvas)
app.command()(release)
app.add_typer(gradebook_app)


@app.command()
def check(
    assignment: Annotated[str, typer.Argument(help="The assignment: autograd, cnn, cuda, rnn; or a folder.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="A file, or a folder or archive with assignment.py. Default: the assignment's own."),
    ] = None,
    only: Annotated[
        str, typer.Option(metavar="GLOB", help="Run only checks whose id matches, such as 'conv2d.*'.")
    ] = "*",
    json: Annotated[Path | None, typer.Option(metavar="OUT", help="Write the result to this file, as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="OUT", help="Write the result to this file, as a page.")] = None,
    gradescope: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the result to this file, as Gradescope's results.json.")
    ] = None,
    github: Annotated[
        bool,
        typer.Option("--github", help="In GitHub Actions: annotate the lines named, and write the step's summary."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever the file is saved, until Ctrl-C.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="What every random choice comes from.")] = 0,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="The language of the report. Default: the system's.")
    ] = None,
) -> None:
    """Check one hand-in and say what is wrong with it.

    Exit status: 0 if all checks passed, 1 if some did not, 2 for wrong usage or a fault of the grader.
    """
    outputs = Outputs(json=json, html=html, gradescope=gradescope, github=github)

    def once() -> int:
        return _check(assignment, file, only, outputs, seed)

    with language(lang or current_language()):
        status = _watch(assignment, file, once) if watch else once()
    raise typer.Exit(status)


def _watch(assignment: str, file: Path | None, once: Callable[[], int]) -> int:
    """Check, and again whenever the file is saved; return the last exit status."""
    errors = Console(stderr=True, highlight=False)

    def waiting(file: Path) -> None:
        told = _("Watching {file}: save it to check it again; Ctrl-C ends this.", file=file)
        errors.print(f"\n{told}", style="dim", markup=False, soft_wrap=True)

    try:
        path = load_assignment(assignment).stub if file is None else file
    except AssignmentError:
        return once()  # which says what is wrong
    return watched(path, once, waiting)


def _check(assignment: str, file: Path | None, only: str, outputs: Outputs, seed: int) -> int:
    """Check one hand-in, print the result, write what was asked for; return the exit status."""
    errors = Console(stderr=True, highlight=False)
    try:
        task = load_assignment(assignment)
        task.demand_packages()
        count = len(task.select(only))
        outputs.check_writable(task.stub if file is None else file)
        submission = read_submission(task.stub if file is None else file)
        with LiveProgress(errors, count) as progress:
            result = check_submission(task, submission, seed=seed, only=only, listener=progress)
        with outputs.report():
            print_result(Console(highlight=False), result, task.config.withheld_points)
        outputs.write(result, submission, assignment)
    except (AssignmentError, SubmissionError, DataError, OSError) as error:
        if isinstance(error, SubmissionError):
            outputs.refuse(error)
        tell(error)
        return USAGE
    for c in result.checks:
        if "traceback" in c.evidence:
            errors.print(f"{c.id}: {c.evidence['traceback']}", markup=False)
    return USAGE if result.faulty else 0 if result.passed else 1


@app.command()
def bank(
    folder: Annotated[Path, typer.Argument(help="The folder that holds bank.toml.")],
    only: Annotated[
        str, typer.Option(metavar="GLOB", help="Run only hand-ins whose name matches, such as '*kernel*'.")
    ] = "*",
    jobs: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many hand-ins to run at a time. Default: one a core.")
    ] = os.cpu_count() or 1,
    json: Annotated[Path | None, typer.Option(metavar="OUT", help="Write the report to this file, as JSON.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="What every random choice comes from.")] = 0,
) -> None:
    """Run hand-ins, right and wrong, with a declaration of what must come of each, and say where it does not.

    Exit status: 0 if every wrong hand-in failed as declared, no check failed that should pass, and at least 90 % of the
    causes were named; 1 if not; 2 for wrong usage, a bank that contradicts itself, or a fault of the grader.
    """
    errors = Console(stderr=True, highlight=False)
    with usage_errors(BankError, AssignmentError, SubmissionError, DataError, OSError):
        read = load_bank(folder)
        chosen = tuple(h for h in read.hand_ins if fnmatch.fnmatchcase(h.name, only))
        if not chosen:
            raise BankError(f"--only: expected a pattern that matches the name of a hand-in, got {only!r}.")
        if json is not None:
            check_writable("--json", json, folder / "bank.toml")
        with BankProgress(errors, len(chosen)) as progress:
            report = run_bank(replace(read, hand_ins=chosen), jobs=jobs, seed=seed, done=progress.finished)
        if json is not None:
            json.write_bytes(report.to_json())
    print_report(Console(highlight=False), report, part=len(chosen) < len(read.hand_ins))
    raise typer.Exit(USAGE if report.faulty else 0 if report.holds else 1)


def main() -> None:
    """Run the command; a fault of ours that nothing caught is exit status 2, not 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a terminal cannot show is no reason to stop
    with language(system_language()):
        try:
            app()
        except Exception:  # noqa: BLE001 (the last resort, and it says so)
            traceback.print_exc()
            told = _("this is a fault of the grader. Please report it with the lines above.")
            print(f"autograder: {told}", file=sys.stderr)  # noqa: T201
            sys.exit(USAGE)
