"""Watching a hand-in: checked again whenever it is saved.

One file is looked at now and then. What it was is noted before a check begins, so that a save during one is not missed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from autograder.submission import HAND_IN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOOK_SECONDS = 0.3
INTERRUPTED = 130
"""The exit status where Ctrl-C came before the first check had ended, as shells have it."""


def watched(path: Path, check: Callable[[], int], waiting: Callable[[Path], None]) -> int:
    """Check, and again whenever the hand-in at `path` is saved, until Ctrl-C.

    waiting: told, after each check, which file is being watched. Returns the exit status of the last check that ended;
    at once, where there is no such file to begin with.
    """
    status = INTERRUPTED
    file = path / HAND_IN if path.is_dir() else path
    try:
        while True:
            before = _stamp(file)
            status = check()
            if before is None:
                return status
            waiting(file)
            _wait(file, before)
    except KeyboardInterrupt:
        return status


def _wait(file: Path, before: object) -> None:
    """Return once the file is another than it was, and its writer has finished."""
    last = before
    while True:
        now = _stamp(file)
        if now is not None and now != before and now == last:
            return
        last = now
        time.sleep(_LOOK_SECONDS)


def _stamp(file: Path) -> object:
    """Return what changes when a file is saved; None where there is none, as there is for a moment while some save."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
