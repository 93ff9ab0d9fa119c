"""Stop its own process, so that it neither answers nor ends."""

import os
import signal


def attack() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
