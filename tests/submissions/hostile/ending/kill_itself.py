"""Kill its own process, by a signal that cannot be caught."""

import os
import signal


def attack() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
