"""Wait, which takes no CPU time."""

import time


def attack() -> None:
    time.sleep(10**6)
