"""Files on disk as entries: no link is followed, nothing but a regular file is opened, and no name is trusted."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING

from autograder.handins.entry import Entry, file_name
from autograder.submission import SubmissionError
from autograder.words import _

if TYPE_CHECKING:
    from pathlib import Path

_DEEPEST = 40
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def folder_entries(root: Path) -> list[Entry]:
    """Return every file under `root`, sorted; what must not be read has a refusal. Hidden folders are left out.

    Raises SubmissionError if `root` itself cannot be read.
    """
    found: list[Entry] = []
    waiting: list[tuple[str, tuple[str, ...]]] = [(os.fspath(root), ())]
    while waiting:
        folder, above = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                inside = sorted(listing, key=lambda item: item.name)
        except OSError as error:
            if not above:
                raise SubmissionError(
                    _("{path}: could not be read ({why}).", path=root, why=error.strerror or error)
                ) from error
            inside = []
            found.append(_entry(folder, above, _("it could not be read ({why})", why=error.strerror or error)))
        if above and not inside:
            found.append(_entry(folder, (*above, ".")))
        for item in inside:
            path = (*above, file_name(item.name))
            if item.is_symlink():
                found.append(_entry(item.path, path, _("it is a link")))
            elif not item.is_dir(follow_symlinks=False):
                found.append(_entry(item.path, path))
            elif len(path) > _DEEPEST:
                found.append(_entry(item.path, path, _("it lies deeper than {depth} folders", depth=_DEEPEST)))
            elif not item.name.startswith("."):
                waiting.append((item.path, path))
    return sorted(found, key=lambda e: e.path)


def _entry(file: str, path: tuple[str, ...], refusal: str = "") -> Entry:
    return Entry(path, "/".join(path), partial(read_regular, file, "/".join(path)), refusal)


def read_regular(file: str, origin: str, limit: int) -> bytes:
    """Return the first `limit` bytes of a regular file. Raises SubmissionError, with `origin`, if it is none."""
    try:
        handle = os.open(file, _FLAGS)  # a pipe that nobody writes to would be waited for, were it not for O_NONBLOCK
        with open(handle, "rb") as stream:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return stream.read(limit)
    except OSError as error:
        raise SubmissionError(
            _("{path}: could not be read ({why}).", path=origin, why=error.strerror or error)
        ) from error
    raise SubmissionError(_("{path}: expected a regular file, got something else of that name.", path=origin))
