"""Open what the grader has open, through /proc."""

import os

PARENT = 1


def attack() -> None:
    for name in os.listdir(f"/proc/{PARENT}/fd"):
        if os.readlink(f"/proc/{PARENT}/fd/{name}"):
            raise RuntimeError("REACHED the grader's own side")
