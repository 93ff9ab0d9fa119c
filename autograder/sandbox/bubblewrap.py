"""Bubblewrap: a worker in namespaces of its own, where nothing is visible but what it needs to run.

https://github.com/containers/bubblewrap; version 0.8 or newer. It needs no root, but a system that lets users make
namespaces.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.sandbox.errors import LaunchError
from autograder.sandbox.landlock import DEVICES
from autograder.sandbox.worker.confine import Seccomp
from autograder.sandbox.worker.syscalls import machine
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from autograder.sandbox.launch import Launch
    from autograder.sandbox.limits import Limits

_NAMESPACES = ("user", "ipc", "pid", "net", "uts", "cgroup-try")
_NOBODY = "65534"


class BubblewrapTier:
    """Namespaces, in which the system is read-only and holds little; with a system call filter and resource limits.

    There is no /proc, no /tmp and no home. The folder of the worker is in memory, and not larger than it may be.
    """

    name = "bubblewrap"
    stops = frozenset(
        "read list write connect send signal trace look fork execute large open fill allocate".split()  # noqa: SIM905 (one line)
    )

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` within bubblewrap. Raises LaunchError if that is not installed."""
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise LaunchError(_("the program bwrap is not installed (package bubblewrap)"))
        filter_ = Seccomp(processes=limits.processes > 1) if machine() else None
        wrapper = (bwrap, *_options(launch, limits), "--")
        return replace(launch, wrapper=wrapper, wrapped_status=True, rlimits=limits.rlimits, seccomp=filter_)


def _options(launch: Launch, limits: Limits) -> Iterator[str]:
    for namespace in _NAMESPACES:
        yield f"--unshare-{namespace}"
    yield from ("--uid", _NOBODY, "--gid", _NOBODY, "--cap-drop", "ALL", "--new-session", "--die-with-parent")
    for path in (*launch.reach.paths, launch.kit):
        yield from _bind(path)
    for path in launch.reach.holes:
        yield from ("--size", "4096", "--perms", "0555", "--tmpfs", str(path))
    for path in launch.reach.paths:
        if any(hole in path.parents for hole in launch.reach.holes):
            yield from _bind(path)
    for path in launch.reach.holes:
        yield from ("--remount-ro", str(path))
    for device in DEVICES:
        yield from ("--dev-bind", device, device)
    yield from ("--size", str(limits.scratch_bytes), "--perms", "0700", "--tmpfs", str(launch.scratch))
    # Last, for what is above makes folders in it: the root, which is in memory, and not limited in size.
    yield from ("--remount-ro", "/", "--chdir", str(launch.scratch))


def _bind(path: Path) -> tuple[str, str, str]:
    # Its real place, for the link that leads to it may not exist in there.
    return ("--ro-bind", os.path.realpath(path), str(path))
