# Counts in the nodes themselves, and every rule reduces its own gradient.
import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor
from numpytorch.autograd import GradFn, OutputNode, TensorNode

Array = NDArray[np.floating]


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    while gradient.ndim > len(shape):
        gradient = np.asarray(gradient.sum(axis=0))
    for axis, n in enumerate(shape):
        if n == 1 and gradient.shape[axis] > 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


def fit(gradient: Any, x: TensorNode) -> Array:
    return unbroadcast(np.asarray(gradient), x.shape)


class Add(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return fit(y.grad, a), fit(y.grad, b)


class Sub(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return fit(y.grad, a), fit(-1.0 * y.grad, b)


class Mul(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return fit(b.arr * y.grad, a), fit(a.arr * y.grad, b)


class Div(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        da = y.grad / b.arr
        return fit(da, a), fit(-da * y.arr, b)


class Pow(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array | None, Array | None]:
        da = fit(y.grad * b.arr * np.power(a.arr, b.arr - 1), a) if a.requires_grad else None
        db = fit(y.grad * np.log(a.arr) * np.power(a.arr, b.arr), b) if b.requires_grad else None
        return da, db


class Matmul(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        da = np.einsum("...mn,...kn->...mk", y.grad, b.arr)
        db = np.einsum("...mk,...mn->...kn", a.arr, y.grad)
        return fit(da, a), fit(db, b)


class Reduction(GradFn):
    def __init__(self, x: Tensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        super().__init__(x)
        axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
        self.axes = tuple(a % x.ndim for a in axes)
        self.kept = tuple(1 if i in self.axes else n for i, n in enumerate(x.shape))


class Sum(Reduction):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad.reshape(self.kept) + np.zeros(x.shape),)


class Max(Reduction):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        winners = np.where(x.arr == y.arr.reshape(self.kept), 1.0, 0.0)
        return (winners * (y.grad.reshape(self.kept) / winners.sum(axis=self.axes, keepdims=True)),)


class Log(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * x.arr**-1.0,)


class Exp(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * np.exp(x.arr),)


class Sigmoid(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * (y.arr - y.arr * y.arr),)


class Tanh(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad / np.cosh(x.arr) ** 2,)


class ReLU(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.where(y.arr > 0, y.grad, 0.0),)


class Reshape(GradFn):
    def __init__(self, x: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(x)
        self.before = x.shape

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.reshape(y.grad, self.before),)


class Transpose(GradFn):
    def __init__(self, x: Tensor, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.back = [axes.index(i) for i in range(len(axes))]

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.transpose(y.grad, self.back),)


class Getitem(GradFn):
    def __init__(self, x: Tensor, key: Any) -> None:
        super().__init__(x)
        self.key = key

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        # Which entry of x each entry of y was read from; then add up by that number.
        read = np.arange(x.size).reshape(x.shape)[self.key]
        dx: Any = np.bincount(read.ravel(), y.grad.ravel(), minlength=x.size)
        return (dx.reshape(x.shape),)


def propagate(loss: TensorNode, gradient: Array) -> None:
    stack = [loss]
    while stack:
        y = stack.pop()
        for x in y.grad_fn.parents if y.grad_fn is not None else ():
            if x.requires_grad:
                x.grad_cnt += 1
                if x.grad_cnt == 1:
                    stack.append(x)

    def deliver(x: TensorNode, dx: Array) -> None:
        x.grad = dx.copy() if x.grad is None else x.grad + dx

    deliver(loss, gradient)
    ready = [loss]
    while ready:
        y = ready.pop()
        if y.grad_fn is None:
            continue
        parents = y.grad_fn.parents
        received: Any = (None,) * len(parents) if y.grad is None else y.grad_fn.f_d(*parents, y)
        y.grad = None
        for x, dx in zip(parents, received, strict=True):
            if x.requires_grad:
                if dx is not None:
                    deliver(x, unbroadcast(np.asarray(dx), x.shape))
                x.grad_cnt -= 1
                if x.grad_cnt == 0:
                    ready.append(x)


def he_uniform(*shape: int) -> Array:
    fan_in = {2: lambda: shape[0], 4: lambda: shape[1] * shape[2] * shape[3]}[len(shape)]()
    b = math.sqrt(6 / fan_in)
    weight: Array = (2 * np.random.random_sample(shape) - 1) * b
    return weight


class SGD:
    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        self.lr = lr

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        for p in self.params:
            if p.grad is None:
                continue
            p.arr = p.arr - self.lr * p.grad


Combination = Literal["?", "leaf, requires grad", "leaf, no grad", "inner, requires grad", "inner, no grad"]
DATA: Combination = "leaf, no grad"
PARAMETER: Combination = "leaf, requires grad"
DATA_TIMES_DATA: Combination = "leaf, no grad"
DATA_TIMES_PARAMETER: Combination = "inner, requires grad"
UNDER_NO_GRAD: Combination = "leaf, no grad"
DETACHED: Combination = "leaf, no grad"
NEVER_ARISES: Combination = "inner, no grad"

NoneOrArray = Literal["?", "None", "an array"]
YesOrNo = Literal["?", "yes", "no"]
GradFnName = Literal["?", "None", "AddGradFn", "MulGradFn", "SumGradFn", "SubGradFn"]
H_GRAD_FN: GradFnName = "MulGradFn"
H_PARENTS: int = 2
H_IS_LEAF: YesOrNo = "no"
H_REQUIRES_GRAD: YesOrNo = "yes"
H_GRAD: NoneOrArray = "None"
H_GRAD_CNT: int = 0
X_GRAD_FN: GradFnName = "None"
X_GRAD: NoneOrArray = "None"
W_ARR: float = 3
W_GRAD: float = 56
B_GRAD: float = 28

VISITS: str = "loss, f, e, d, c, b"

MACRO_F1: float = 0.519
MICRO_F1: float = 0.613

RSUB_GRAD_FN: GradFnName = "SubGradFn"
RSUB_POSITION_OF_X: int = 1
RSUB_GRAD: float = -1
WHY_NO_RULE: Literal["?", "A", "B", "C", "D"] = "B"
