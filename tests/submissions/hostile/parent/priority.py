"""Slow the grader down: a lower priority, a tighter limit."""

import os

PARENT = 1


def attack() -> None:
    before = os.getpriority(os.PRIO_PROCESS, PARENT)
    os.setpriority(os.PRIO_PROCESS, PARENT, before)
    raise RuntimeError("REACHED the grader's own side")
