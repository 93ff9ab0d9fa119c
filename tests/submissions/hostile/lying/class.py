"""Return an object whose class says that it is a Tensor."""

import sys

import numpy as np

from numpytorch import Tensor


class Pretender:
    __class__ = Tensor
    requires_grad = True
    arr = np.zeros((2, 3))
    grad = None


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        return Pretender()

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
