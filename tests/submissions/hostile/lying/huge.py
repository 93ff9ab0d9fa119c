"""Return numbers so large that their differences and squares overflow."""

import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        return Tensor(np.full(x.arr.shape, 1.7e308), requires_grad=True)

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
