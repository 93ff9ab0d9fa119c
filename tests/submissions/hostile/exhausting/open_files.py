"""Open files until no more can be."""

import os

KEPT = []


def attack() -> None:
    while True:
        try:
            KEPT.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break
