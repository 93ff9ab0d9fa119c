"""Source: the trusted side's own copy of a hand-in, to quote from. What a worker tells of it is only where to look."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograder.sandbox.errors import MAX_LINE
from autograder.sandbox.text import clean_line
from autograder.sandbox.values import Cut, LineShare, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograder.sandbox import messages as m

_MOST_LINES = 40


class Source:
    """The text of a hand-in. name: of its file."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = clean_line(name, MAX_LINE)
        # As Python counts lines; `splitlines` would also split at form feeds.
        self._lines = text.split("\n")

    def cuts(self, told: Iterable[m.Cut], targets: Sequence[str | int]) -> tuple[Cut, ...]:
        """Return what of `told` can be so: one cut for a target, with places that are in the source."""
        cuts: dict[int, Cut] = {}
        for cut in told:
            made, read = self._place(cut.made), self._place(cut.read)
            lost = (cut.made is not None and made is None) or (cut.read is not None and read is None)
            if cut.target < len(targets) and not lost:
                via, rule = clean_line(cut.via, MAX_LINE), clean_line(cut.rule, MAX_LINE)
                target = targets[cut.target]
                cuts.setdefault(cut.target, Cut(target, cut.kind, made, read, via, rule, cut.recording, cut.plain))
        return tuple(cuts.values())

    def shares(self, told: Iterable[tuple[int, str, float]]) -> tuple[LineShare, ...]:
        """Return what of `told` can be so, the largest share first."""
        found = [
            LineShare(line, clean_line(function, MAX_LINE), clean_line(self._lines[line - 1], MAX_LINE), share)
            for line, function, share in told
            if 0 < line <= len(self._lines) and math.isfinite(share) and 0 <= share <= 1
        ]
        return tuple(sorted(found, key=lambda share: -share.share))

    def _place(self, told: m.Place | None) -> Place | None:
        """Return the text of a place, on one line; None if there is no such place, or nothing there."""
        if told is None or not 0 < told.line <= told.end_line <= len(self._lines):
            return None
        if told.end_line - told.line > _MOST_LINES:
            return None
        lines = [line.encode() for line in self._lines[told.line - 1 : told.end_line]]
        if told.column > len(lines[0]) or told.end_column > len(lines[-1]):
            return None
        before = lines[0][: told.column]
        lines[-1] = lines[-1][: told.end_column]  # first, for it may be the only one
        lines[0] = lines[0][told.column :]
        text = clean_line(b"\n".join(lines).decode("utf-8", "replace"), MAX_LINE)
        if not text:
            return None
        function = clean_line(told.function, MAX_LINE)
        return Place(told.line, told.end_line, len(before.decode("utf-8", "replace")), function, text)
