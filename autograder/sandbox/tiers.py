"""Tiers: how strongly a worker is held. `strongest_tier` takes the best that a probe shows to work here."""

from __future__ import annotations

import functools
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from autograder.sandbox.limits import MIB

if TYPE_CHECKING:
    from autograder.sandbox.launch import Launch
    from autograder.sandbox.limits import Limits

_ROOM = 512 * MIB
_SHARED_ROOM = 4096 * MIB

# Asks for more than the limit. It must fail with MemoryError and nothing else: a system that accepts a
# limit and does not keep it, as macOS does, has none.
_PROBE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (1 << 28, 1 << 28))
resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
for name in ("CPU", "CORE", "FSIZE", "NOFILE"):
    getattr(resource, "RLIMIT_" + name)
try:
    bytearray(1 << 29)
except MemoryError:
    sys.exit(0)
sys.exit(1)
"""


class Tier(Protocol):
    """One way to hold a worker. Its name is recorded with each result."""

    @property
    def name(self) -> str:
        """The name in the records: `process`, `limits`."""

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` with what this tier adds: a wrapper command, variables, resource limits."""


class ProcessTier:
    """A process of its own, and nothing more. The parent still watches time and memory."""

    name = "process"

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` as it is."""
        return launch


class LimitsTier:
    """A process with resource limits, which the worker sets on itself before it reads the hand-in.

    Setting them there, and not between fork and exec, keeps the parent free to have threads.
    """

    name = "limits"

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` with limits on memory, CPU time, core dumps, and the size and number of files.

        The two on memory are wider than `memory_bytes`: Python and the linear algebra library reserve
        more than they use, and the parent watches what is used.
        """
        return replace(
            launch,
            rlimits={
                "DATA": limits.memory_bytes + _ROOM,
                "AS": limits.memory_bytes + _SHARED_ROOM,
                "CPU": max(int(limits.cpu_seconds), 1),
                "CORE": 0,
                "FSIZE": limits.file_bytes,
                "NOFILE": limits.files,
            },
        )


@functools.cache
def strongest_tier() -> Tier:
    """Return the strongest tier that works on this machine. Probed once, in a process of its own."""
    return LimitsTier() if _limits_hold() else ProcessTier()


def _limits_hold() -> bool:
    command = [sys.executable, "-I", "-S", "-c", _PROBE]
    try:
        probe = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False)  # noqa: S603 (our own program)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0
