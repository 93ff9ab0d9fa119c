"""Scratch: the folder that a worker may write to, as the parent sees it."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 512
_MOST_ENTRIES = 4096


def bytes_in(scratch: Path, pid: int, most: int) -> int:
    """Return how much room the files of worker `pid` take; more than `most` also if they cannot be counted.

    There may be too many, or some where no path reaches. Counts what lies in its folder, as the worker sees it, and
    what it holds open that has no name any more, where the system shows that.
    """
    total = 0
    seen = Path(f"/proc/{pid}/root{scratch}")
    try:
        for count, info in enumerate(_infos(seen if seen.is_dir() else scratch)):
            total += getattr(info, "st_blocks", 0) * _BLOCK or info.st_size
            if total > most or count >= _MOST_ENTRIES:
                return max(total, most + 1)
    except OSError:
        return most + 1
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                info = entry.stat()
                if stat.S_ISREG(info.st_mode) and info.st_nlink == 0:
                    total += info.st_blocks * _BLOCK
    return total


def _infos(folder: Path) -> Iterator[os.stat_result]:
    """Yield what is known of each entry below `folder`, through no link. What vanishes meanwhile is passed over.

    Raises OSError for a folder so deep that no path leads to it.
    """
    folders = [str(folder)]
    while folders:
        entries: list[os.DirEntry[str]] = []
        with _what_is_out_of_reach():
            entries = list(os.scandir(folders.pop()))
        for entry in entries:
            with _what_is_out_of_reach():
                yield entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


@contextmanager
def _what_is_out_of_reach() -> Iterator[None]:
    """Let pass every OSError but that of a path that is too long."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise


def remove_scratch(scratch: Path) -> None:
    """Remove `scratch` and all in it, however deep, also where the hand-in took the permission to do so away."""
    with suppress(OSError, RecursionError):
        shutil.rmtree(scratch)
        return
    with suppress(OSError):
        scratch.chmod(0o700)
        _empty(scratch, scratch)
        while folders := list(scratch.iterdir()):
            for folder in folders:
                _empty(folder, scratch)
                folder.rmdir()
        scratch.rmdir()


def _empty(folder: Path, scratch: Path) -> None:
    """Delete the files of a folder, and move its folders up into `scratch`: so no path is ever long."""
    for entry in list(os.scandir(folder)):
        # Never through a link: it may point at a folder of ours.
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry, 0o700)
            os.rename(entry, scratch / secrets.token_hex(16))
        else:
            os.unlink(entry)
