"""`autograder demo`: a sample class, from its hand-ins to pages that can be looked at, by the commands that do it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from autograder.assignment import AssignmentError, load_assignment
from autograder.bank import BankError
from autograder.demo.sample import ROSTER, SUBMISSIONS, write_class
from autograder.usage import usage_errors
from autograder.words import _, current_language, language

_ASSIGNMENT = "cnn"
_FOLDER = Path("autograder-demo")


def demo(
    to: Annotated[Path, typer.Option(metavar="DIR", help="Where everything is written.")] = _FOLDER,
    show: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open the class's page in a browser. Default: if this is a terminal."),
    ] = None,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="The language of reports. Default: the system's.")
    ] = None,
) -> None:
    """Grade a sample class of twelve hand-ins on real MNIST, publish it, and show the pages. It takes a minute or two.

    Every command that it runs is printed first: they are those for a class of yours. Started again, it goes on where
    it stopped.

    Exit status: 0 if all of it worked, 2 for wrong usage or a fault of the grader.
    """
    with language(lang or current_language()):
        with usage_errors(AssignmentError, BankError, OSError):
            write_class(load_assignment(_ASSIGNMENT), to)
        book, published = to / "term.book", to / "published"
        fresh = not book.exists()
        spoken = ["--lang", current_language()]
        _run("grade", _ASSIGNMENT, to / SUBMISSIONS, "--book", book, "--roster", to / ROSTER, *spoken)
        if fresh:
            why = _("Was ill, brought a note.")
            until = "2026-11-02T23:59"
            _run("book", "extend", _ASSIGNMENT, "20260102", until, "--book", book, "--who", "demo", "--why", why)
        formats = [word for name in ("html", "csv", "json") for word in ("--format", name)]
        _run("publish", _ASSIGNMENT, "--book", book, "--to", published, *formats, "--release", "--who", "demo", *spoken)
        page = (published / "private" / "class" / "index.html").resolve()
        told = "\n" + _("The class at a glance, for the instructor: {page}", page=page.as_uri())
        Console(highlight=False).print(told, style="bold", markup=False, soft_wrap=True)
        if sys.stdout.isatty() if show is None else show:
            webbrowser.open(page.as_uri())


def _run(*words: str | Path) -> None:
    """Print a command as one would type it, and run it; what it fails with is the end of the demo."""
    arguments = [str(word) for word in words]
    Console(highlight=False).print(
        f"\n$ autograder {shlex.join(arguments)}", style="bold", markup=False, soft_wrap=True
    )
    done = subprocess.run([sys.executable, "-m", "autograder", *arguments], check=False)  # noqa: S603 (our own command)
    if done.returncode:
        raise typer.Exit(done.returncode)
