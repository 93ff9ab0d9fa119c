"""Return right bytes in the other order, and an array that says the one and holds the other."""

import sys

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]
    before = hand_in.MaxPool2d.forward

    def forward(self: object, x: Tensor) -> object:
        result = Tensor(x.arr, requires_grad=True)
        result.node.arr = x.arr.byteswap().view(x.arr.dtype.newbyteorder())
        result.node.arr = result.node.arr.byteswap()
        return result

    hand_in.MaxPool2d.forward = hand_in.Conv2d.forward = forward
