"""`%check ASSIGNMENT [GLOB] [--seed N] [--lang en|ko]`, the magic of a notebook."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, NoReturn

from IPython.core.error import UsageError

from autograder.assignment import AssignmentError
from autograder.notebook.report import Report, check

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class _Parser(argparse.ArgumentParser):
    """Raises what IPython shows as a line, where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%check: {message}. {self.format_usage()}")


def register(shell: InteractiveShell) -> None:
    """Add the magic to a notebook."""
    shell.magics_manager.register_function(_check, "line", "check")


def _check(line: str) -> Report:
    """Check what the cells of this notebook define: %check cnn conv2d.*"""
    parser = _Parser("%check", add_help=False)
    parser.add_argument("assignment")
    parser.add_argument("only", nargs="?", default="*")
    parser.add_argument("--seed", type=_seed, default=0)
    parser.add_argument("--lang", choices=("en", "ko"))
    try:
        told = parser.parse_args(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"%check: {error}.") from None
    try:
        return check(told.assignment, told.only, seed=told.seed, lang=told.lang)
    except AssignmentError as error:
        raise UsageError(str(error)) from None


def _seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {2**32 - 1}, got {text!r}")
    return int(text)
