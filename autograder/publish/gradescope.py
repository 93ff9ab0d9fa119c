"""`autograder gradescope`: make the zip that grades an assignment on Gradescope."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from autograder.assignment import AssignmentError, load_assignment
from autograder.publish.exports.autograder_zip import autograder_zip
from autograder.publish.outputs import check_writable
from autograder.publish.site import write
from autograder.usage import usage_errors
from autograder.words import _, current_language


def gradescope(
    assignment: Annotated[str, typer.Argument(help="The assignment: autograd, cnn, cuda, rnn; or a folder.")],
    to: Annotated[Path, typer.Option(metavar="ZIP", help="Where to write it, such as autograder.zip.")],
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="The language of messages. Default: the system's.")
    ] = None,
) -> None:
    """Make the autograder that Gradescope runs for each upload: a zip with this grader and the assignment."""
    with usage_errors(AssignmentError, OSError):
        task = load_assignment(assignment)
        task.demand_packages()
        check_writable("--to", to, task.stub)
        write(to, autograder_zip(task, language=lang or current_language()))
    Console(highlight=False).print(
        _("{path}: upload it to Gradescope, under Configure Autograder.", path=to), markup=False, soft_wrap=True
    )
