"""Return the last call's answer, from a file, and an endless one as the state."""

import os
import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    cls = sys.modules["assignment"].RNN
    before = cls.forward

    def forward(self: object, x: Tensor, h0: object = None) -> object:
        outputs, state = before(self, x, h0)
        old = np.load("last.npy") if os.path.exists("last.npy") else outputs.arr
        np.save("last.npy", outputs.arr)
        return Tensor(old, requires_grad=True), Tensor(state.arr * np.inf, requires_grad=True)

    cls.forward = forward
