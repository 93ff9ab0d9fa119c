"""Write into the grader's memory, in /proc."""

import os

PARENT, ADDRESS, LENGTH = 1, 0, 0


def attack() -> None:
    memory = os.open(f"/proc/{PARENT}/mem", os.O_RDWR)
    content = os.pread(memory, LENGTH, ADDRESS)
    if os.pwrite(memory, content, ADDRESS) == LENGTH:
        raise RuntimeError(f"REACHED {content.decode()}")
