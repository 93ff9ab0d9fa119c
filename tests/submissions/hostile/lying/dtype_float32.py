"""Say float32, whose tolerance is wider, of values that are off by just that."""

import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = before(self, x)
        result.node.arr = (result.arr * (1 + 9e-4)).astype(np.float32)
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
