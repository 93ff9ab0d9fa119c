"""`autograder canvas`: what uploading a file would change in a gradebook of Canvas, before it is uploaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.publish.exports.canvas import dry_run, read_gradebook
from autograder.publish.exports.errors import ExportError
from autograder.publish.exports.filled import Filled
from autograder.publish.formats import read_download
from autograder.publish.report import print_filled
from autograder.usage import usage_errors


def canvas(
    upload: Annotated[Path, typer.Argument(help="The file that is to be uploaded.")],
    against: Annotated[Path, typer.Option(metavar="FILE", help="The gradebook, as Canvas exported it.")],
    allow_lower: Annotated[bool, typer.Option("--allow-lower", help="Scores in Canvas may become lower ones.")] = False,
) -> None:
    """Show what uploading a file to Canvas would change, also one that was edited since `publish` made it.

    Exit status: 0, or 2 if it would spoil the gradebook.
    """
    with usage_errors(ExportError):
        download = read_gradebook(str(against), read_download(against))
        content = read_download(upload)
        changes = dry_run(download, content, name=str(upload), may_lower=allow_lower)
    columns = ", ".join(read_gradebook(str(upload), content).header[download.who :])
    print_filled(Console(highlight=False), str(upload), Filled(content, columns, tuple(changes), ()))
