"""Return one object as both results, that claims to be a pair."""

import sys


class Pair(tuple):
    def __len__(self) -> int:
        return 2

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = tuple.__hash__


def attack() -> None:
    cls = sys.modules["assignment"].RNN
    before = cls.forward
    cls.forward = lambda self, x, h0=None: Pair((before(self, x, h0)[0],) * 70)
