"""Return an array of objects."""

import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = np.array([object()] * 6, dtype=object).reshape(2, 3)
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
