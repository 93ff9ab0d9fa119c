"""Fork, and let each of both fork again: 256 processes here, for ever in earnest."""

import os
import time


def attack() -> None:
    for _ in range(8):
        os.fork()
    time.sleep(20)
