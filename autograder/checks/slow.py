"""Slow: the line of the hand-in where the time goes.

Advice, as in `severed`: it is asked for once a hand-in has turned out too slow, and no point depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.checks.severed import function_of
from autograder.sandbox import SandboxError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.sandbox import Array, Profile, Session

_LEAST_SHARE = 0.15
_MUCH_MORE = 0.2


def slow_line(session: Session, obj: int, inputs: Sequence[Array], seconds: float = 4.0) -> str | None:
    """Say at which line most of the time of a call, and of its backward, goes; None if that could not be seen.

    inputs: a small batch is enough. Takes about `seconds`, however long one call would: it is stopped within. A
    hand-in that will not be stopped loses its worker: ask when all else is done.
    """
    try:
        profile = session.profile(obj, inputs, seconds=seconds)
    except SandboxError:
        return None
    return tell(profile, session.source.name)


def tell(profile: Profile, name: str) -> str | None:
    """Put a profile into words. name: of the hand-in's file."""
    if not profile.lines or profile.lines[0].share < _LEAST_SHARE:
        return None
    slowest = profile.lines[0]
    function = function_of(slowest.function)
    said = _(
        "{share:.0%} of the time is spent at {file} line {line}, in {function}: `{code}`.",
        share=slowest.share,
        file=name,
        line=slowest.line,
        function=function,
        code=slowest.text,
    )
    # By lines, for a call between two functions counts for the inner one alone.
    whole = sum(line.share for line in profile.lines if function_of(line.function) == function)
    if whole > slowest.share + _MUCH_MORE:
        said += " " + _("All of {function} takes {share:.0%}.", function=function, share=whole)
    return said
