"""Trace the grader, as a debugger does."""

import ctypes

PARENT = 1
SEIZE, DETACH = 0x4206, 17


def attack() -> None:
    libc = ctypes.CDLL(None)
    if libc.ptrace(SEIZE, PARENT, None, None) == 0:
        libc.ptrace(DETACH, PARENT, None, None)
        raise RuntimeError("REACHED the grader's own side")
