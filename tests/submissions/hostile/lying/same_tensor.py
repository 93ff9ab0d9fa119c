"""Return the input itself, and change it later."""

import sys

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        x.arr[...] = 0
        return x

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
