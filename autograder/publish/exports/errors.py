"""What an export is refused for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 20


class ExportError(ValueError):
    """An export that would spoil the gradebook of a platform, or a download that cannot be filled in.

    problems: each of them, with where, expected, got and what to do.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        shown = list(problems[:_SHOWN])
        if len(problems) > _SHOWN:
            shown.append(_("and {count} more", count=len(problems) - _SHOWN))
        super().__init__("\n".join(shown))


def refuse_if(problems: Sequence[str]) -> None:
    """Raise ExportError if there are any."""
    if problems:
        raise ExportError(*problems)
