"""Return an array whose strides lead out of its own memory."""

import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = np.lib.stride_tricks.as_strided(np.zeros(4), x.arr.shape, (1 << 30,) * x.arr.ndim)
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
