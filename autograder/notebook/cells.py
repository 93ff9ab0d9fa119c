"""The cells of the notebook that runs, as IPython keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.words import _

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class NotInANotebookError(RuntimeError):
    """There is no notebook, and no IPython session, whose cells could be checked."""


def executed_cells() -> list[str]:
    """Return the source of each cell since the kernel started, the first that ran first."""
    shell = _shell()
    if shell is None or shell.history_manager is None:
        raise NotInANotebookError(
            _(
                "expected a notebook or an IPython session, found none. For a file, use `autograder check` on the "
                "command line."
            )
        )
    cells: list[str] = shell.history_manager.input_hist_parsed
    return cells[1:]  # they are numbered from 1


def _shell() -> InteractiveShell | None:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()
