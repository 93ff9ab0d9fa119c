"""The stub: what is left of a model answer once what students are to write is taken out, as comments in it say.

    RATE = 0.02  # stub: 0.1          the stub has `RATE = 0.1`
    import numpy as np  # answer      the stub has no such line

    # stub: raise NotImplementedError("...")
    y = x.arr @ self.w.arr            the stub has the marker's line (or lines, each with its `# stub:`) in place
    return attach(y, ...)             of all that follows, to the end of the block

    # answer
    class LayerGradFn(GradFn):        the stub has nothing of what follows, to the end of the block or to `# end`
        ...
    # end                             which a region must have where nothing is indented

`python -m autograder.release.stub [NAME...]` writes the stubs of the assignments named; of all, if none is.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from autograder.assignment import AssignmentError, assignment_names, load_assignment

ANSWER = "solution.py"
"""The model answer, in an assignment's folder."""

_MARKER = re.compile(r"(?P<code>.*?)# (?P<word>answer|end|stub:)(?: (?P<text>.*))?")
_MARKS = re.compile(r"^ *# (?:stub:.*|answer|end)\n|  # (?:answer|stub:.*)$", re.MULTILINE)
_LIKE_ONE = re.compile(r".*#\s*(answer|end|stub)\b", re.IGNORECASE)


class MarkerError(AssignmentError):
    """A model answer whose markers contradict each other, or cannot be read."""


@dataclass(slots=True)
class _Region:
    """What is being left out: the line of its marker, how far it is indented, and its last blank lines."""

    line: int
    indent: str
    begun: bool = False
    blanks: int = 0


class _Stub:
    """A stub that is being written, line by line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []
        self.region: _Region | None = None
        self.spare = 0
        """How many blank lines stand before what was left out, and need not come after it once more."""

    def read(self, number: int, line: str) -> None:
        """Take the next line of the answer."""
        region = self.region
        if region is not None and region.indent and line.strip() and not line.startswith(region.indent):
            self._close(region.blanks)
        marker = _MARKER.fullmatch(line)
        if marker is None or (marker["word"] != "stub:" and marker["text"] is not None):
            if _LIKE_ONE.match(line):
                got = f"got `{line.strip()}`. If that is no marker, let it begin with another word."
                raise self._error(number, f"expected `# stub: LINE`, `# answer` or `# end`, {got}")
            self._plain(line)
        elif marker["code"].strip():
            self._inline(number, marker["code"].rstrip(), marker["word"], marker["text"] or "")
        elif marker["word"] == "end":
            if self.region is None:
                raise self._error(number, "expected a region that `# end` closes, found none open.")
            self._close()
        else:
            self._open(number, marker["code"], marker["word"], marker["text"] or "")

    def finish(self) -> str:
        """Return the stub, after the last line."""
        if self.region is not None and not self.region.indent:
            raise self._error(self.region.line, "expected an `# end` to the region that begins here, found none.")
        return "\n".join(self.lines).rstrip("\n") + "\n"

    def _plain(self, line: str) -> None:
        if self.region is not None:
            self.region.begun = True
            self.region.blanks = 0 if line.strip() else self.region.blanks + 1
        elif line.strip() or not self.spare:
            self.lines.append(line)
            self.spare = 0
        else:
            self.spare -= 1

    def _inline(self, number: int, code: str, word: str, text: str) -> None:
        self._is_not_nested(number)
        name, equals, _value = code.partition(" = ")
        if word == "stub:" and equals and text:
            self._plain(f"{name} = {text}")
        elif word == "answer":
            self._left_out()
        else:
            raise self._error(number, f"expected `NAME = VALUE  # stub: OTHER`, got `{code.strip()}`.")

    def _open(self, number: int, indent: str, word: str, text: str) -> None:
        goes_on = self.region is not None and not self.region.begun and word == "stub:"
        if not goes_on:
            self._is_not_nested(number)
            self.region = _Region(number, indent, begun=word == "answer")
        if word == "stub:":
            self.lines.append((indent + text).rstrip())

    def _close(self, blanks: int = 0) -> None:
        self.region = None
        self._left_out()
        for _blank in range(blanks):
            self._plain("")

    def _left_out(self) -> None:
        self.spare = next((i for i, line in enumerate(reversed(self.lines)) if line), 0)

    def _is_not_nested(self, number: int) -> None:
        if self.region is not None:
            raise self._error(number, f"expected the end of the region that begins on line {self.region.line} first.")

    def _error(self, number: int, text: str) -> MarkerError:
        return MarkerError(f"{self.name}:{number}: {text}")


def stub_of(answer: str, name: str) -> str:
    """Return the stub of a model answer. name: of its file.

    Raises MarkerError, with file and line, for a marker that is unknown, within the region of another one, or without
    its other half.
    """
    stub = _Stub(name)
    for number, line in enumerate(answer.splitlines(), 1):
        stub.read(number, line)
    return stub.finish()


def without_markers(answer: str) -> str:
    """Return a model answer as it reads without what makes a stub of it."""
    return _MARKS.sub("", answer)


def main() -> None:
    """Write the stubs of the assignments that are named, or of all."""
    for name in sys.argv[1:] or assignment_names():
        assignment = load_assignment(name)
        answer = assignment.folder / ANSWER
        assignment.stub.write_text(stub_of(answer.read_text("utf-8"), str(answer)), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
