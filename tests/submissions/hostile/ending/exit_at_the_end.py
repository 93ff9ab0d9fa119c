"""Register what prints a full score when the interpreter ends, and end it."""

import atexit
import sys


def attack() -> None:
    atexit.register(print, '{"score": 100, "status": "passed"}')
    sys.exit(0)
