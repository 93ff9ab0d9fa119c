"""Return an array whose attributes are what a C library would read: at address 0."""

import sys

import numpy as np

from numpytorch import Tensor


class Address(np.ndarray):
    __array_interface__ = {"version": 3, "shape": (2, 3), "typestr": "<f8", "data": (0, False)}
    dtype = property(lambda self: np.dtype("float64"))
    shape = property(lambda self: (2, 3))
    nbytes = property(lambda self: 8)


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = np.zeros((4, 5)).view(Address)
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
