"""List what lies in a folder of the grader's, whose names tell who else has handed in."""

import os

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    for name in os.listdir(f"{OUTSIDE}/names"):
        raise RuntimeError(f"REACHED {name}")
