"""Change the library's classes so that the arrays of all Tensors agree with each other."""

import numpy as np

import numpytorch
from numpytorch._node import TensorNode


class Agreeing(np.ndarray):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None


def attack() -> None:
    before = TensorNode.__init__

    def init(self: TensorNode, arr: np.ndarray, *args: object, **kwargs: object) -> None:
        before(self, np.zeros_like(arr).view(Agreeing), *args, **kwargs)

    TensorNode.__init__ = init
    numpytorch.Tensor.__eq__ = lambda self, other: True
