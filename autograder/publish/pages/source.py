"""The source of a hand-in, with the lines marked that checks name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.publish.pages.evidence import Places, read
from autograder.verdict import Status
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograder.verdict import CheckResult

MOST_CHARACTERS, MOST_LINES = 200_000, 10_000
"""Of a source that a page shows: more than anybody writes, and no more than a page can bear."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a check says of a line."""

    check: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the source."""

    number: int
    text: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A source. cut: how many of its characters are not shown."""

    lines: tuple[Line, ...]
    cut: int

    @property
    def marked(self) -> int:
        """How many lines are marked."""
        return sum(bool(line.notes) for line in self.lines)


def listing(source: str, checks: Iterable[CheckResult]) -> Listing:
    """Mark in a source what the checks that did not pass say of its lines."""
    notes: dict[int, dict[Note, None]] = {}
    for check in checks:
        for number, text in places(check):
            notes.setdefault(number, {})[Note(check.id, text)] = None
    shown = "\n".join(source[:MOST_CHARACTERS].split("\n")[:MOST_LINES])
    lines = shown.removesuffix("\n").split("\n")
    return Listing(
        tuple(Line(n, text, tuple(notes.get(n, ()))) for n, text in enumerate(lines, 1)),
        len(source) - len(shown),
    )


def lines_of(check: CheckResult) -> Sequence[int]:
    """Return the lines that a check names."""
    return sorted({number for number, _text in places(check)})


def places(check: CheckResult) -> Iterator[tuple[int, str]]:
    """Yield lines, and what a check says of each; nothing if it passed."""
    found = read(check.evidence, Places)
    if found is None or check.status is Status.PASSED:
        return
    for i, frame in enumerate(found.frames, 1):
        last = i == len(found.frames)
        yield frame.line, _raised(check) if last else _("on the way to where it was raised")
    for severed in found.breaks:
        if severed.line:
            yield severed.line, f"{severed.said} {severed.fix}"
    yield from (*found.errors, *found.hidden, *found.found)


def _raised(check: CheckResult) -> str:
    said = (str(check.evidence.get(name, "")) for name in ("exception", "text"))
    return ": ".join(part for part in said if part)
