"""Recurse without end, with the limit on that taken away."""

import sys


def deeper(level: int) -> int:
    return deeper(level + 1) + 1


def attack() -> None:
    sys.setrecursionlimit(10**9)
    deeper(0)
