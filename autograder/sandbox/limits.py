"""Limits: how much of the machine one worker may use."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30
MIB = 1 << 20
_ROOM = 512 * MIB
_SHARED_ROOM = 4096 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use. The parent enforces time and memory; the tier adds what the system offers.

    wall_seconds: for one request, where no `Session.deadline` says otherwise. Measured by the parent.
    cpu_seconds: CPU time of one worker over its whole life, all threads together. It ends what outlives
        its parent; `wall_seconds` is the limit that a student meets.
    memory_bytes: resident memory of the worker and everything it started, together.
    threads: for the linear algebra library.
    output_bytes: how much of what the hand-in printed is kept, the latest.
    file_bytes: the size of one file that it may write. scratch_bytes: of all files in its folder together.
    files: how many files it may have open.
    processes: how many processes it may have running, itself included. With 1, a jail lets it start none.
    Raises ValueError if one of them is not positive.
    """

    wall_seconds: float = 60.0
    cpu_seconds: float = 1800.0
    memory_bytes: int = 2 * GIB
    threads: int = 2
    output_bytes: int = 64 * 1024
    file_bytes: int = 64 * MIB
    scratch_bytes: int = 256 * MIB
    files: int = 256
    processes: int = 1

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"Limits.{name}: expected a positive number, got {value!r}.")

    @property
    def rlimits(self) -> dict[str, int]:
        """The limits that the system can keep, by their name in `resource`.

        The two on memory are wider than `memory_bytes`: Python and the linear algebra library reserve
        more than they use, and the parent watches what is used.
        """
        return {
            "DATA": self.memory_bytes + _ROOM,
            "AS": self.memory_bytes + _SHARED_ROOM,
            "CPU": max(int(self.cpu_seconds), 1),
            "CORE": 0,
            "FSIZE": self.file_bytes,
            "NOFILE": self.files,
        }
