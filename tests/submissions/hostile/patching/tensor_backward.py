"""Replace Tensor.backward by one that writes ones into every gradient there is."""

import gc

import numpy as np

import numpytorch


def backward(self: numpytorch.Tensor, gradient: object = None) -> None:
    for thing in gc.get_objects():
        if isinstance(thing, numpytorch.Tensor):
            thing.grad = np.ones(thing.shape)


def attack() -> None:
    numpytorch.Tensor.backward = backward
