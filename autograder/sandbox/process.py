"""Tree: the worker's process and everything it started, as the parent sees it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

if TYPE_CHECKING:
    import subprocess

_ROUNDS = 100
_PATIENCE = 1.0
_MOST_SIGNALS = 64


class Use(NamedTuple):
    """What some processes use: resident memory in bytes, how many they are, and the CPU time they have had."""

    resident: int
    processes: int
    cpu_seconds: float


class Tree:
    """The processes below, and including, one that this process has started.

    Processes that leave the tree before they are seen escape: a tier with a process namespace holds them.
    wrapped_status: as in `launch.Launch`.
    """

    def __init__(self, popen: subprocess.Popen[Any], *, wrapped_status: bool = False) -> None:
        self._popen = popen
        self._wrapped_status = wrapped_status
        self._root: psutil.Process | None = None
        with suppress(psutil.NoSuchProcess):
            self._root = psutil.Process(popen.pid)
        self._others: list[psutil.Process] = []

    def look(self, *, deep: bool) -> Use:
        """Return what the tree uses now.

        deep: look for new processes, which costs a walk over all of the machine's; else only at those
            known. Memory that several of them share counts for each.
        """
        if self._root is None:
            return Use(0, 0, 0.0)
        if deep:
            self._others = self._descendants()
        alive = [process for process in (self._root, *self._others) if _alive(process)]
        return Use(sum(map(_resident, alive)), len(alive), sum(map(_busy, alive)))

    def innermost(self) -> int:
        """Return the number of the process that a deep look saw last: the worker, before it has started any other."""
        return self._others[-1].pid if self._others else self._popen.pid

    def runs(self) -> bool:
        """Whether the worker itself is running. Does not reap it."""
        return self._root is not None and _alive(self._root)

    def kill(self) -> int:
        """Kill every process of the tree, reap the worker, and return its exit status, as `subprocess` has it."""
        # The worker is stopped first, so that it adopts (see worker/bootstrap) but starts no other.
        if self._popen.returncode is None and self._root is not None:
            with suppress(psutil.NoSuchProcess):
                self._root.suspend()
            self._kill_descendants()
            if os.name == "posix":
                # The group has the worker's number, which nobody else can have before it is reaped.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._popen.pid, signal.SIGKILL)
            with suppress(OSError):
                self._popen.kill()
        for process in self._others:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        status = self._popen.wait()
        # Dead, not reaped: that is for the system to do, which in a container may be never.
        patience = time.monotonic() + _PATIENCE
        while any(map(_alive, self._others)) and time.monotonic() < patience:
            time.sleep(0.001)
        return 128 - status if self._wrapped_status and 128 < status <= 128 + _MOST_SIGNALS else status

    def _kill_descendants(self) -> None:
        """Kill what the worker started until a look finds none of it alive."""
        known = {process.pid: process for process in self._others}
        for _ in range(_ROUNDS):
            alive = [process for process in self._descendants() if _alive(process)]
            if not alive:
                break
            for process in alive:
                known[process.pid] = process
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._others = list(known.values())

    def _descendants(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            if self._root is not None:
                return self._root.children(recursive=True)
        return []


def oom_kills() -> int:
    """Return how many processes the system has killed for want of memory since it started; 0 where it does not say."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def seconds_in_line(pid: int) -> float:
    """Return for how long the main thread of a process has waited for a processor in its life; 0 but on Linux.

    Source: the kernel's Documentation/scheduler/sched-stats.rst.
    """
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _alive(process: psutil.Process) -> bool:
    """Whether `process` runs: not once it is dead, also while nobody has reaped it."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    return False


def _resident(process: psutil.Process) -> int:
    """Return the bytes resident in `process`: of a young one, Linux counts few pages or none."""
    with suppress(psutil.Error):
        size: int = process.memory_info().rss
        return size
    return 0


def _busy(process: psutil.Process) -> float:
    """Return the CPU time of `process`, and of those it started that have ended."""
    with suppress(psutil.Error):
        return float(sum(process.cpu_times()[:4]))
    return 0.0
