"""Ask the kernel for the signal that says that the CPU time is up, for which the worker is told as too slow."""

import os
import signal


def attack() -> None:
    os.kill(os.getpid(), signal.SIGXCPU)
