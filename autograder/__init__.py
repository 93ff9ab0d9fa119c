"""The autograder: checks, sandbox, gradebook and publishing. Its entry point is `autograder.cli`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Let a notebook have `%check`: what `%load_ext autograder` calls."""
    from autograder.notebook.magic import register

    register(shell)
