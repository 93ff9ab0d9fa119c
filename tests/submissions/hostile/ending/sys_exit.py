"""Leave by sys.exit, with the status of success."""

import sys


def attack() -> None:
    sys.exit(0)
