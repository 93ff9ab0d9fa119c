"""Return halves, complex numbers, long doubles, dates, text and records in turn."""

import sys

import numpy as np

from numpytorch import Tensor

DTYPES = ["float16", "complex128", "longdouble", "M8[s]", "U5", "S5", "V8", "i4,f8", "bool", "uint64"]


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        DTYPES.append(DTYPES.pop(0))
        result.node.arr = np.zeros(x.arr.shape, DTYPES[0])
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
