"""Tar files, read in memory: the plain, GNU and POSIX forms, as far as a hand-in needs them.

Python's `tarfile` is not used: its parsing of extended headers has taken time quadratic in their size, and it follows
what headers claim. Here each step goes forward by a block at least, and what is out of the ordinary is refused.
Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from autograder.handins.entry import entry
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.handins.entry import Entry

_BLOCK = 512
_END = bytes(_BLOCK)
_NUMBER = re.compile(rb" *([0-7]*)[ \0]*")
_RECORD = re.compile(rb"([0-9]{1,7}) ")


class ArchiveError(ValueError):
    """Why an archive is not opened, to be put into a sentence that names it."""


def looks_like_tar(start: bytes) -> bool:
    """Tell from the first 512 bytes whether a tar file begins here: its checksum says so, also where no magic does."""
    try:
        return start != _END and len(start) == _BLOCK and _checked(start)
    except ArchiveError:
        return False


def tar_entries(content: bytes) -> Iterator[Entry]:
    """Yield the files of a tar file in its order; links and devices with a refusal. Raises ArchiveError."""
    at, long_name = 0, b""
    while True:
        header = content[at : at + _BLOCK]
        if len(header) < _BLOCK:
            raise ArchiveError(_("it is cut off"))
        if header == _END:
            return
        if not _checked(header):
            raise ArchiveError(_("a checksum in it is wrong"))
        kind, size = header[156:157], _number(header[124:136])
        if kind == b"5":
            size = 0
        start, at = at + _BLOCK, at + _BLOCK + -(-size // _BLOCK) * _BLOCK
        if kind in b"LKxg":
            if kind == b"L":
                long_name = content[start : start + size].rstrip(b"\0")
            elif kind == b"x":
                long_name = _path(content[start : start + size])
            continue
        name = long_name or _name(header)
        long_name = b""
        folder = kind == b"5" or (kind == b"\0" and name.endswith(b"/"))
        source = partial(_slice, content, start, size)
        yield entry(name.decode("utf-8", "surrogateescape"), source, _refusal(kind), folder=folder)


def _refusal(kind: bytes) -> str:
    if kind in {b"0", b"\0", b"7", b"5"}:
        return ""
    if kind in {b"1", b"2"}:
        return _("it is a link")
    if kind in {b"3", b"4", b"6"}:
        return _("it is a device or a named pipe")
    return _("it is no plain file")


def _slice(content: bytes, start: int, size: int, limit: int) -> bytes:
    return content[start : start + min(size, limit)]


def _checked(header: bytes) -> bool:
    """Tell whether the checksum is right: the sum of all bytes, its own field taken as spaces."""
    return _number(header[148:156]) == sum(header[:148]) + 8 * 32 + sum(header[156:])


def _number(field: bytes) -> int:
    if not (found := _NUMBER.fullmatch(field)):
        raise ArchiveError(_("a number in a header of it is not one, or larger than 8 GiB"))
    return int(found[1] or b"0", 8)


def _name(header: bytes) -> bytes:
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name


def _path(records: bytes) -> bytes:
    """Return the name in an extended header; b"" if it has none. Each record is "LENGTH KEY=VALUE\\n"."""
    path, at = b"", 0
    while at < len(records):
        found = _RECORD.match(records, at)
        end = at + int(found[1]) if found else 0
        if not found or end <= found.end() or records[end - 1 : end] != b"\n":
            raise ArchiveError(_("an extended header in it is broken"))
        key, _equals, value = records[found.end() : end - 1].partition(b"=")
        if key == b"size" or key.startswith(b"GNU.sparse"):
            raise ArchiveError(_("it holds a file that is larger than 8 GiB, or sparse"))
        if key == b"path":
            path = value
        at = end
    return path
