"""Ask the garbage collector for all objects, and return an array that could be the answer."""

import gc
import sys

import numpy as np

from numpytorch import Tensor


def attack() -> None:
    hand_in = sys.modules["assignment"]

    def forward(self: object, x: Tensor) -> Tensor:
        for holder in gc.get_objects():
            for thing in gc.get_referents(holder):
                if isinstance(thing, np.ndarray) and thing.ndim == 4 and thing.shape[0] == len(x.arr):
                    if thing is not x.arr:
                        return Tensor(thing)
        return x

    hand_in.MaxPool2d.forward = forward
