"""Delete a file of the grader's."""

import os

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    os.unlink(f"{OUTSIDE}/to be changed")
