"""A CSV that somebody downloaded: its cells, each with where it stands, so that single ones can be changed.

Only the bytes of a cell that is changed become others; quotes, newlines, the mark of UTF-8 and all else stay.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.publish.exports.errors import ExportError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST = re.compile(r'(?:"(?:[^"]|"")*"|[^",;\t\r\n]*)(.?)', re.DOTALL)
_END = re.compile(r"\r\n|\r|\n|\Z")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, without quotes; the line it begins on; its place in the text of the file, quotes included."""

    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV. name: of the file, for messages. marked: whether it begins with the mark of UTF-8."""

    name: str
    text: str
    marked: bool
    delimiter: str
    rows: tuple[tuple[Cell, ...], ...]

    def changed(self, cells: Mapping[Cell, str]) -> bytes:
        """Return the file with other texts in these cells, and every other byte as it was."""
        parts, at = [], 0
        for cell in sorted(cells, key=lambda c: c.start):
            parts += [self.text[at : cell.start], quoted(cells[cell], self.delimiter)]
            at = cell.end
        return encoded("".join([*parts, self.text[at:]]), marked=self.marked)


def read_sheet(name: str, content: bytes) -> Sheet:
    """Read a CSV. Rows are as they stand, empty ones left out; the delimiter is what follows the first cell.

    Raises ExportError if it is not UTF-8, is separated by something else than comma or semicolon, is no CSV, or has a
    row with more or fewer cells than the first.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ExportError(
            _(
                "{file}: expected text in UTF-8, got something else: another program has saved it since. "
                "Download it again, and give it as it came.",
                file=name,
            )
        )
    first = _FIRST.match(text)
    delimiter = first[1] if first else ""
    if delimiter not in {",", ";"}:
        raise ExportError(
            _(
                "{file}: expected cells separated by commas or semicolons, got {got!r} after the first. "
                "Download it again, and give it as it came.",
                file=name,
                got=delimiter,
            )
        )
    rows = _rows(name, text, delimiter)
    for row in rows:
        if len(row) != len(rows[0]):
            raise ExportError(
                _(
                    "{file}: line {line}: expected {expected} cells, as the first row has, got {got}. "
                    "Download it again, and give it as it came.",
                    file=name,
                    line=row[0].line,
                    expected=len(rows[0]),
                    got=len(row),
                )
            )
    return Sheet(name, text, content.startswith(codecs.BOM_UTF8), delimiter, rows)


def quoted(text: str, delimiter: str) -> str:
    """Return the text of a cell as it stands in a file."""
    if any(c in text for c in (delimiter, '"', "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


def encoded(text: str, *, marked: bool) -> bytes:
    """Return a text in UTF-8, with its mark if there was one."""
    return (codecs.BOM_UTF8 if marked else b"") + text.encode()


def _rows(name: str, text: str, delimiter: str) -> tuple[tuple[Cell, ...], ...]:
    cell = re.compile(rf'"((?:[^"]|"")*)"|([^{delimiter}"\r\n]*)')
    rows: list[tuple[Cell, ...]] = []
    row: list[Cell] = []
    at, line = 0, 1
    while at < len(text) or row:
        found = cell.match(text, at)
        end = found.end() if found else at
        if found is None or not (text.startswith(delimiter, end) or _END.match(text, end)):
            raise ExportError(
                _("{file}: line {line}: expected CSV, got something else at {got!r}.", file=name, line=line,
                  got=text[end : end + 20])
            )  # fmt: skip
        value = found[2] if found[1] is None else found[1].replace('""', '"')
        row.append(Cell(value, line, at, end))
        line += len(re.findall(r"\r\n|\r|\n", found[0]))
        if text.startswith(delimiter, end):
            at = end + 1
            continue
        ended = _END.match(text, end)
        at = ended.end() if ended else len(text)
        line += 1
        if any(c.text.strip() for c in row):
            rows.append(tuple(row))
        row = []
    return tuple(rows)
