"""Return a list of a million Tensors, and one that holds itself."""

import sys

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        items = [x] * 10**6
        items[0] = items
        return items

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
