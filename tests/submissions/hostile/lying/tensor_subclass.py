"""Return a Tensor whose values are others each time that they are read."""

import sys

import numpy as np

from numpytorch import Tensor


class Changing(Tensor):
    @property
    def arr(self) -> np.ndarray:
        return np.random.default_rng().standard_normal((2, 3, 5, 3))

    @arr.setter
    def arr(self, values: np.ndarray) -> None:
        pass

    @property
    def shape(self) -> tuple[int, ...]:
        return (2, 3, 5, 3)


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        return Changing(x.arr, requires_grad=True)

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
