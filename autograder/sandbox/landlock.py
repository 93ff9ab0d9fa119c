"""Landlock: a worker that gives up, for good, the use of all files but those it needs. Linux has it since 5.13.

It needs neither root nor a program to be installed. https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import functools
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.sandbox.errors import LaunchError
from autograder.sandbox.worker.confine import Landlock, Seccomp
from autograder.sandbox.worker.syscalls import machine
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from autograder.sandbox.launch import Launch
    from autograder.sandbox.limits import Limits

DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MAKE_FIFO, _MAKE_LINK, _REFER = 1 << 10, 1 << 12, 1 << 13
_READ = _READ_FILE | _READ_DIR
_USE = _READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _MAKE_FIFO
_USE |= _MAKE_LINK | _REFER
# How many uses of files, of TCP, and of what is outside, each version knows. The sixth was the last that added any.
_KNOWN = {1: (13, 0, 0), 2: (14, 0, 0), 3: (15, 0, 0), 4: (15, 2, 0), 5: (16, 2, 0), 6: (16, 2, 2)}
_GET_VERSION = 1


class LandlockTier:
    """Landlock, with the system call filter, which stops what Landlock leaves open, and resource limits.

    The worker sees the machine's processes and the names of its files. How much is in its folder, the parent watches.
    """

    name = "landlock"
    stops = frozenset(
        "read list write connect send signal trace look fork execute large open allocate".split()  # noqa: SIM905 (one line)
    )

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` with Landlock's rules. Raises LaunchError if there is no Landlock, or no filter, here."""
        known = _KNOWN.get(min(version(), max(_KNOWN)))
        if known is None:
            raise LaunchError(_("the system has no Landlock, as Linux has since 5.13, or does not let it be used"))
        if not machine():
            raise LaunchError(_("there is a filter of system calls for x86_64 and aarch64 only"))
        files, tcp, scoped = ((1 << count) - 1 for count in known)
        return replace(
            launch,
            rlimits=limits.rlimits,
            landlock=Landlock(files, tcp, scoped, tuple(_rules(launch))),
            seccomp=Seccomp(processes=limits.processes > 1),
        )


@functools.cache
def version() -> int:
    """Return the version of Landlock's interface; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    found: int = libc.syscall(444, None, ctypes.c_size_t(0), _GET_VERSION)
    return max(found, 0)


def _rules(launch: Launch) -> Iterator[tuple[str, int]]:
    for path in (*launch.reach.paths, launch.kit):
        holes = [hole for hole in launch.reach.holes if path == hole.parent]
        if holes:
            # What is allowed for a folder is for all below it: here, only to list it.
            yield str(path), _READ_DIR
            yield from ((str(entry), _uses(entry)) for entry in path.iterdir() if entry not in holes)
        else:
            yield str(path), _uses(path)
    for device in DEVICES:
        yield device, _READ_FILE | _WRITE_FILE | _TRUNCATE
    yield str(launch.scratch), _USE


def _uses(path: Path) -> int:
    # To execute: the interpreter, where processes are allowed. The filter of system calls sees to that.
    return _READ | _EXECUTE if path.is_dir() else _READ_FILE | _EXECUTE
