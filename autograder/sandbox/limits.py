"""Limits: how much of the machine one worker may use."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use. The parent enforces time and memory; the tier adds what the system offers.

    wall_seconds: for one request, where no `Session.deadline` says otherwise. Measured by the parent.
    cpu_seconds: CPU time of one worker over its whole life, all threads together. It ends what outlives
        its parent; `wall_seconds` is the limit that a student meets.
    memory_bytes: resident memory of the worker and everything it started, together.
    threads: for the linear algebra library.
    output_bytes: how much of what the hand-in printed is kept, the latest.
    file_bytes: the size of one file that it may write.
    files: how many files it may have open.
    processes: how many processes it may have running, itself included.
    Raises ValueError if one of them is not positive.
    """

    wall_seconds: float = 60.0
    cpu_seconds: float = 1800.0
    memory_bytes: int = 2 * GIB
    threads: int = 2
    output_bytes: int = 64 * 1024
    file_bytes: int = 64 * MIB
    files: int = 256
    processes: int = 64

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not value > 0:
                raise ValueError(f"Limits.{name}: expected a positive number, got {value!r}.")
