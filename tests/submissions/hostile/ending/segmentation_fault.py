"""Read address 0."""

import ctypes


def attack() -> None:
    ctypes.string_at(0)
