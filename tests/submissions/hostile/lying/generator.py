"""Return a generator that goes on asking for values."""

import sys

from numpytorch import Tensor


def values(x: Tensor) -> object:
    while True:
        yield x


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        return values(x)

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
