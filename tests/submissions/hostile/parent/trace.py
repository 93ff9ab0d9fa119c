"""Trace the grader, as a debugger does."""

import ctypes

PARENT = 1
SEIZE, INTERRUPT, DETACH, ANY = 0x4206, 0x4207, 17, 0x40000000


def attack() -> None:
    libc = ctypes.CDLL(None)
    if libc.ptrace(SEIZE, PARENT, None, None) == 0:
        # And let it go, for it would stand still from the next signal on.
        libc.ptrace(INTERRUPT, PARENT, None, None)
        libc.waitpid(PARENT, None, ANY)
        libc.ptrace(DETACH, PARENT, None, None)
        raise RuntimeError("REACHED the grader's own side")
