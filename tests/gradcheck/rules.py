"""Operations with a rule of one's own, right or wrong, and the weaker check that the wrong ones get past."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor
from numpytorch.autograd import GradFn, attach

Array = NDArray[Any]
Operation = Callable[..., Tensor]


class Rule(GradFn):
    """A derivative rule given as a function of the upstream gradient, the result and the inputs."""

    def __init__(self, rule: Callable[..., Any], *parents: Tensor) -> None:
        super().__init__(*parents)
        self.rule = rule

    def f_d(self, *nodes: Any, **_: Any) -> tuple[Any, ...]:
        *parents, y = nodes
        dx = self.rule(y.grad, y.arr, *[x.arr for x in parents])
        return dx if isinstance(dx, tuple) else (dx,)


def operation(forward: Callable[..., Array], rule: Callable[..., Any]) -> Operation:
    """Make an operation on Tensors of a function on arrays and rule(dy, y, *inputs)."""

    def apply(*inputs: Tensor) -> Tensor:
        return attach(forward(*[x.arr for x in inputs]), Rule(rule, *inputs))

    return apply


def leaf(values: Any) -> Tensor:
    return Tensor(np.array(values, dtype=np.float64), requires_grad=True)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return leaf(np.random.default_rng(seed).standard_normal(shape))


def all_ones_upstream_agrees(f: Operation, inputs: list[Tensor]) -> bool:
    """Do what a common grader does: pull back ones, and compare with central differences of the sum."""
    f(*inputs).backward(np.ones(f(*inputs).shape))
    for x in inputs:
        gradient, x.grad = x.grad, None
        assert gradient is not None
        for index in np.ndindex(x.shape):
            here = x.arr[index]
            x.arr[index] = here + 1e-5
            up = f(*inputs).arr.sum()
            x.arr[index] = here - 1e-5
            down = f(*inputs).arr.sum()
            x.arr[index] = here
            if abs((up - down) / 2e-5 - gradient[index]) > 1e-6:
                return False
    return True


def conv2d(x: Array, weight: Array) -> Array:
    """Cross-correlate x (N, C, H, W) with weight (F, C, K, K)."""
    y: Array = np.einsum("nchwij,fcij->nfhw", windows(x, weight), weight)
    return y


def conv2d_rule(dy: Array, y: Array, x: Array, weight: Array) -> tuple[Array, Array]:
    k = weight.shape[-1]
    padded = np.pad(dy, ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)))
    dx = np.einsum("nfhwij,fcij->nchw", windows(padded, weight), weight[..., ::-1, ::-1])
    return dx, np.einsum("nchwij,nfhw->fcij", windows(x, weight), dy)


def windows(x: Array, weight: Array) -> Array:
    return np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))


def softmax(x: Array) -> Array:
    e = np.exp(x)
    return np.asarray(e / e.sum(axis=-1, keepdims=True))
