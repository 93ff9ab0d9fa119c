"""Make every Tensor require a gradient, and have one."""

import numpy as np

import numpytorch


def attack() -> None:
    numpytorch.Tensor.requires_grad = property(lambda self: True, lambda self, value: None)
    numpytorch.Tensor.grad = property(lambda self: np.ones(self.arr.shape), lambda self, value: None)
