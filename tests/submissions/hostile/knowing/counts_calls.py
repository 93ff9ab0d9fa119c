"""Count the calls, and be right at those where it thinks that it is looked at."""

import itertools
import sys

from numpytorch import Tensor


def attack() -> None:
    cls, calls = sys.modules["assignment"].Conv2d, itertools.count()
    before = cls.forward
    cls.forward = lambda self, x: before(self, x) if next(calls) % 3 else Tensor(before(self, x).arr * 0.5)
