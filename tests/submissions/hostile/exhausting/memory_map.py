"""Map memory that no array owns, and touch it."""

import mmap


def attack() -> None:
    kept = []
    for _ in range(64):
        kept.append(mmap.mmap(-1, 64 << 20))
        for page in range(0, 64 << 20, 4096):
            kept[-1][page] = 1
