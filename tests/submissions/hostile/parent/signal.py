"""Send the grader a signal: one that does no harm here, and could be one that kills."""

import os
import signal

PARENT = 1


def attack() -> None:
    os.kill(PARENT, signal.SIGUSR1)
