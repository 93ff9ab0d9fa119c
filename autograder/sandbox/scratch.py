"""Scratch: the folder that a worker may write to, as the parent sees it."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 512
_MOST_ENTRIES = 4096


def bytes_in(scratch: Path, pid: int, most: int) -> int:
    """Return how much room the files of worker `pid` take; more than `most` also if there are very many.

    Counts what lies in its folder, as the worker sees it, and what it holds open that has no name any more, where
    the system shows that.
    """
    total = 0
    seen = Path(f"/proc/{pid}/root{scratch}")
    for count, info in enumerate(_infos(seen if seen.is_dir() else scratch)):
        total += getattr(info, "st_blocks", 0) * _BLOCK or info.st_size
        if total > most or count >= _MOST_ENTRIES:
            return max(total, most + 1)
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                info = entry.stat()
                if stat.S_ISREG(info.st_mode) and info.st_nlink == 0:
                    total += info.st_blocks * _BLOCK
    return total


def _infos(folder: Path) -> Iterator[os.stat_result]:
    """Yield what is known of each entry below `folder`, through no link. What vanishes meanwhile is passed over."""
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(OSError):
                yield os.lstat(os.path.join(here, name))


def remove_scratch(scratch: Path) -> None:
    """Remove `scratch` and all in it, also where the hand-in took the permission to do so away."""
    with suppress(OSError):
        shutil.rmtree(scratch)
        return
    with suppress(OSError):
        scratch.chmod(0o700)
    for folder, names, _ in os.walk(scratch):
        for name in names:
            path = Path(folder, name)
            # Never through a link: it may point at a folder of ours.
            with suppress(OSError):
                if stat.S_ISDIR(path.lstat().st_mode):
                    path.chmod(0o700)
    shutil.rmtree(scratch, ignore_errors=True)
