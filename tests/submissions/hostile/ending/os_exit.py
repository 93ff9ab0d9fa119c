"""Leave by os._exit(0), so that no line of the worker runs any more."""

import os


def attack() -> None:
    os._exit(0)
