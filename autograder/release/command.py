"""`autograder release`: make what students get, look whether it may be handed out, and put it where it is to be."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from autograder.assignment import AssignmentError, load_assignment
from autograder.bank import BankError
from autograder.release.gate import Gate
from autograder.release.install import MANIFEST, Installed, install, read_manifest
from autograder.release.kit import ROOT, make_kit
from autograder.submission import SubmissionError
from autograder.usage import usage_errors
from autograder.words import _, current_language, language


def release(
    assignments: Annotated[list[str], typer.Argument(metavar="ASSIGNMENT", help="The assignments of the kit.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A new folder, or that of an earlier kit.")],
    github_workflow: Annotated[
        bool, typer.Option("--github-workflow", help="Add a workflow of GitHub Actions that runs the checks.")
    ] = False,
    gate: Annotated[
        Literal["fast", "full"],
        typer.Option(
            help="What is judged in the kit before it is handed out: the model answer and the stub, without training; "
            "or with it, and the bank of wrong hand-ins and the hostile ones, which takes many minutes."
        ),
    ] = "fast",
    jobs: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many hand-ins to judge at a time. Default: one a core.")
    ] = os.cpu_count() or 1,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="The language of this report. Default: the system's.")
    ] = None,
) -> None:
    """Make what students get: stubs, handouts, public checks, the library without what is withheld.

    Nothing is written unless the kit passes the gate. Over an earlier kit, changed files stay as they are.
    Exit status: 0, or 2 if there is no kit, and why.
    """
    with language(lang or current_language()):
        told, errors = Console(highlight=False), Console(stderr=True, highlight=False)
        with usage_errors(AssignmentError, BankError, SubmissionError, OSError):
            tasks = [load_assignment(name) for name in dict.fromkeys(assignments)]
            read_manifest(to)  # before the work, not after it
            with tempfile.TemporaryDirectory() as place, errors.status(_("the gate: judging hand-ins in the kit")):
                kit = Path(place)
                make_kit(tasks, kit, github=github_workflow)
                Gate(kit, ROOT, gate == "full", jobs, lambda text: told.print(text, markup=False)).let_pass(tasks)
                done = install(kit, to)
        told.print(_summary(done, to), markup=False, soft_wrap=True)
        if gate == "fast":
            told.print(_("Not run: what trains a model, the bank, the hostile hand-ins (--gate full)."), markup=False)


def _summary(done: Installed, folder: Path) -> str:
    """Say what came of the files."""
    lines = [
        _(
            "The kit is in {folder}: {count} files, {written} of them written now. {manifest} lists them.",
            folder=folder,
            count=len(done.written) + len(done.same) + len(done.kept),
            written=len(done.written),
            manifest=MANIFEST,
        )
    ]
    if done.removed:
        lines.append(_("Removed, for the kit has them no more: {files}.", files=", ".join(done.removed)))
    if done.kept:
        lines.append(_("Left as they are, for they were changed there: {files}.", files=", ".join(done.kept)))
    return "\n".join(lines)
