"""Hyperparameters that are one number when they are looked at and another when they are used."""

import sys


class Number(int):
    def __lt__(self, other: object) -> bool:
        return True

    def __index__(self) -> int:
        return 10**9

    __le__ = __gt__ = __ge__ = __eq__ = __lt__
    __hash__ = int.__hash__


def attack() -> None:
    hand_in = sys.modules["assignment"]
    hand_in.BATCH_SIZE, hand_in.ITERATIONS, hand_in.LEARNING_RATE = Number(10**9), Number(0), float("nan")
