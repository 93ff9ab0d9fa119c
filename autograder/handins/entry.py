"""Entry: one file of a hand-in or of a download; its name is checked, and it is read when asked for."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.submission import SubmissionError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST, _DEEPEST = 1000, 40
_JUNK = {"Thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    path: its folders and its name, printable. A folder that is empty is told as a file named "." in it.
    origin: the whole of its name, to show.
    source: gives its bytes, at most as many as asked for; raises SubmissionError.
    refusal: why it must not be read; "" if it may be.
    """

    path: tuple[str, ...]
    origin: str
    source: Callable[[int], bytes]
    refusal: str = ""

    @property
    def name(self) -> str:
        """The name without folders."""
        return self.path[-1]

    @property
    def junk(self) -> bool:
        """Whether it is what systems and editors leave behind, which nobody hands in."""
        if self.refusal:
            return False  # it is something to tell of
        return self.name in _JUNK or any(part.startswith(".") for part in self.path)

    def read(self, limit: int) -> bytes:
        """Return the bytes, `limit` of them at most. Raises SubmissionError if there are more, or none to get."""
        if self.refusal:
            raise SubmissionError(_("{path}: not read: {why}.", path=self.origin, why=self.refusal))
        content = self.source(limit + 1)
        if len(content) > limit:
            raise SubmissionError(_("{path}: expected at most {limit} bytes, got more.", path=self.origin, limit=limit))
        return content


def entry(name: str, source: Callable[[int], bytes], refusal: str = "", *, folder: bool = False) -> Entry:
    """Make the entry of that name, as an archive gives it: parts with "/" between. A name to refuse makes a refusal."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    why = _refusal(name)
    if why:  # it lies where it says at first, if that is a name at all, and nowhere else
        parts = [parts[0], "/".join(parts[1:])] if len(parts) > 1 and not _refusal(parts[0]) else [name]
    elif folder:
        parts.append(".")
    elif not parts:
        why, parts = _("it has no name"), [name or "."]
    path = tuple(map(printable, parts))
    return Entry(path, "/".join(path), source, refusal or why)


def _refusal(name: str) -> str:
    """Return what is wrong with a name in an archive; "" if nothing is. Our own reading could do with any name."""
    if "\0" in name:
        return _("its name holds a NUL byte")
    if "\\" in name:
        return _("its name holds a backslash")
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return _("its name is absolute")
    if ".." in name.split("/"):
        return _("its name leads out of the archive")
    if len(name) > _LONGEST or name.count("/") > _DEEPEST:
        return _(
            "its name is longer than {limit} characters, or deeper than {depth} folders", limit=_LONGEST, depth=_DEEPEST
        )
    return ""


def file_name(name: str) -> str:
    """Return the name of a file on disk, printable: read as UTF-8 if it is that, whatever the locale says."""
    try:
        return printable(os.fsencode(name).decode("utf-8"))
    except UnicodeError:
        return printable(name)


def printable(text: str) -> str:
    """Return `text` composed (NFC), and as a terminal and a database can take it: all else is escaped."""
    return "".join(map(_shown, unicodedata.normalize("NFC", text)))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as `os.fsdecode` gives it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def same_name(name: str) -> str:
    """Return what two names share that a file system may take for one: case and Unicode form put aside."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
