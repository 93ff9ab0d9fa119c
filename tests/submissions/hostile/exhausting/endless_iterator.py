"""Return a tuple subclass whose iterator never ends, where a Tensor was asked for."""

import itertools
import sys


class Endless(tuple):
    def __iter__(self):
        return itertools.count()

    def __getitem__(self, key):
        return self

    def __len__(self) -> int:
        return 1


def attack() -> None:
    sys.modules["assignment"].Conv2d.forward = lambda self, x: Endless()
