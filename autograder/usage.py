"""What every command does about wrong usage: a line on standard error, and exit status 2."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE = 2


@contextmanager
def usage_errors(*errors: type[Exception]) -> Iterator[None]:
    """End the command with USAGE where one of these errors is raised, and say what it says."""
    try:
        yield
    except errors as error:
        tell(error)
        raise typer.Exit(USAGE) from None


def tell(error: Exception) -> None:
    """Print what is wrong, in one line, however wide the terminal is: a path in it can be copied."""
    Console(stderr=True, highlight=False).print(f"autograder: {error}", style="red", markup=False, soft_wrap=True)
