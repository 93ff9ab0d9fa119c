"""Send a signal that ends a process to the whole group that it is in."""

import os
import signal


def attack() -> None:
    os.killpg(0, signal.SIGTERM)
