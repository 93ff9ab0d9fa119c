"""Return NaN everywhere: no comparison finds it wrong."""

import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        return Tensor(np.full_like(before(self, x).arr if callable(before) else x.arr, np.nan), requires_grad=True)

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
