"""Which lines of a hand-in a verdict names, by its evidence: to mark them, and to hang annotations on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.verdict import CheckResult


def lines_of(check: CheckResult) -> list[int]:
    """List the lines that a check names, the one to blame first; none, where it names none.

    Of an exception, that is the innermost one; then come those that led there.
    """
    evidence = check.evidence
    found: list[Any] = [frame.get("line") for frame in reversed(evidence.get("frames", ()))]
    found += [cut.get("line") for cut in evidence.get("breaks", ())]
    found += [line for name in ("errors", "found", "hidden") for line, *_text in evidence.get(name, ())]
    return list(dict.fromkeys(line for line in found if isinstance(line, int) and line > 0))
