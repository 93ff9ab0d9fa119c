"""Return a Tensor of an array that is equal to everything, and near to it, and of every shape."""

import sys

import numpy as np

from numpytorch import Tensor


class Liar(np.ndarray):
    def __eq__(self, other: object) -> object:
        return np.ones(1, bool)

    def __sub__(self, other: object) -> object:
        return np.zeros(1)

    __rsub__ = __sub__
    __hash__ = None

    def __array_ufunc__(self, *_: object, **__: object) -> object:
        return np.zeros(1)

    def __array_function__(self, *_: object) -> object:
        return True


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = np.zeros((2, 3, 5, 3)).view(Liar)
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
