"""Wait for somebody to type."""

import sys


def attack() -> None:
    line = sys.stdin.readline()
    if not line:
        line = input()
