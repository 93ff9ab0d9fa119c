"""Return an array of a billion entries that are one, in memory."""

import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = np.broadcast_to(np.float64(1), (1 << 20, 1 << 10))
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
