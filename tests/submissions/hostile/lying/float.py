"""Return numbers that are equal to whatever they are compared with."""

import sys

import numpy as np

from numpytorch import Tensor


class Liar(float):
    def __eq__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return True

    def __abs__(self) -> "Liar":
        return self

    __le__ = __gt__ = __ge__ = __lt__
    __hash__ = float.__hash__
    __sub__ = __rsub__ = lambda self, other: Liar(0)


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = np.array([Liar(0)] * x.arr.size, dtype=object).reshape(x.arr.shape)
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
