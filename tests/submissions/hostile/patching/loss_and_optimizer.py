"""Make the loss fall by itself, and every step of the optimizer move everything a little."""

import itertools

import numpy as np

from numpytorch import Tensor, nn, optim

FALLING = itertools.count()


def attack() -> None:
    nn.CrossEntropyLoss.__call__ = lambda self, *_: Tensor(np.float32(2.3 / (1 + next(FALLING))), requires_grad=True)
    nn.CrossEntropyLoss.forward = nn.CrossEntropyLoss.__call__

    def step(self: optim.SGD) -> None:
        for parameter in self.params:
            parameter.arr = parameter.arr * 1.01 + 0.01

    optim.SGD.step = step
