"""Use 64 MiB more, again and again, and catch what is raised."""

import numpy as np

KEPT = []


def attack() -> None:
    for _ in range(64):
        try:
            KEPT.append(np.ones(8 << 20))
        except MemoryError:
            KEPT.append(bytearray(1))
