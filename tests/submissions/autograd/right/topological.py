# Sorts the graph first, then walks it once from the loss; ties of Max go to the first of the largest.
from collections.abc import Iterable, Iterator
from math import prod, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor
from numpytorch.autograd import GradFn, OutputNode, TensorNode

Array = NDArray[np.float64]
One = tuple[Array]
Two = tuple[Array | None, Array | None]


class Add(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Two:
        return 1.0 * y.grad, 1.0 * y.grad


class Sub(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Two:
        return y.grad.copy(), np.negative(y.grad)


class Mul(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Two:
        da = y.grad * b.arr if a.requires_grad else None
        db = y.grad * a.arr if b.requires_grad else None
        return da, db


class Div(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Two:
        one_over_b = 1 / b.arr
        return y.grad * one_over_b, y.grad * (-a.arr) * one_over_b * one_over_b


class Pow(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Two:
        with np.errstate(all="ignore"):  # the logarithm of a negative base is asked for by nobody
            return y.grad * b.arr * a.arr ** (b.arr - 1.0), y.grad * y.arr * np.log(a.arr)


class Matmul(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Two:
        return np.matmul(y.grad, np.moveaxis(b.arr, -1, -2)), np.matmul(np.moveaxis(a.arr, -1, -2), y.grad)


class Sum(GradFn):
    def __init__(self, x: Tensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        dy = y.grad
        if not self.keepdims and self.axis is not None:
            dy = np.expand_dims(dy, self.axis)
        return (np.ones_like(x.arr) * dy,)


class Max(GradFn):
    def __init__(self, x: Tensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis

    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        axis = tuple(range(x.ndim)) if self.axis is None else self.axis
        axes = sorted(a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis))
        others = [a for a in range(x.ndim) if a not in axes]
        rows = x.arr.transpose(others + axes).reshape(y.size, -1)  # one row for each maximum
        dx = np.zeros_like(rows)
        dx[np.arange(y.size), rows.argmax(axis=1)] = y.grad.reshape(-1)
        moved = dx.reshape([x.shape[a] for a in others + axes])
        return (moved.transpose(np.argsort(others + axes)),)


class Log(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        return (np.divide(y.grad, x.arr),)


class Exp(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        return (np.multiply(y.arr, y.grad),)


class Sigmoid(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        e = np.exp(-np.abs(x.arr))
        return (y.grad * e / (1 + e) ** 2,)


class Tanh(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        return (y.grad - y.grad * y.arr * y.arr,)


class ReLU(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        dx = y.grad.copy()
        dx[x.arr <= 0] = 0
        return (dx,)


class Reshape(GradFn):
    def __init__(self, x: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(x)

    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        return (y.grad.ravel().reshape(x.shape),)


class Transpose(GradFn):
    def __init__(self, x: Tensor, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.axes = axes

    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        dx = np.zeros_like(x.arr)
        dx.transpose(self.axes)[...] = y.grad  # the forward's own view, written to
        return (dx,)


class Getitem(GradFn):
    def __init__(self, x: Tensor, key: Any) -> None:
        super().__init__(x)
        self.key = key

    def f_d(self, x: TensorNode, y: OutputNode) -> One:
        dx = np.zeros(x.shape)
        np.add.at(dx, self.key, y.grad)
        return (dx,)


def unbroadcast(gradient: NDArray[Any], shape: tuple[int, ...]) -> Array:
    padded = (1,) * (gradient.ndim - len(shape)) + shape
    axes = tuple(i for i, (n, m) in enumerate(zip(padded, gradient.shape, strict=True)) if n != m)
    summed: Array = np.sum(gradient, axis=axes, keepdims=True)
    return summed.reshape(shape)


def parents_of(node: TensorNode) -> Iterator[TensorNode]:
    if node.grad_fn is not None:
        for parent in node.grad_fn.parents:
            if parent.requires_grad:
                yield parent


def from_the_loss_down(loss: TensorNode) -> list[TensorNode]:
    """Order the nodes so that each comes after all of its consumers (depth first, without recursion)."""
    order: list[TensorNode] = []
    seen = {loss}
    path = [(loss, parents_of(loss))]
    while path:
        node, parents = path[-1]
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                path.append((parent, parents_of(parent)))
                break
        else:
            order.append(node)
            path.pop()
    return order[::-1]


def propagate(loss: TensorNode, gradient: NDArray[Any]) -> None:
    total: dict[TensorNode, NDArray[Any]] = {loss: gradient}
    for y in from_the_loss_down(loss):
        dy = total.pop(y, None)
        if dy is None:
            continue
        if y.grad_fn is None:
            y.grad = dy + (0 if y.grad is None else y.grad)
            continue
        y.grad = dy
        received: Any = y.grad_fn.f_d(*y.grad_fn.parents, y)
        y.grad = None
        for x, dx in zip(y.grad_fn.parents, received, strict=True):
            if x.requires_grad and dx is not None:
                total[x] = total.get(x, 0) + unbroadcast(np.asarray(dx), x.shape)


def he_uniform(*shape: int) -> Array:
    bound = sqrt(6 / (prod(shape) / (shape[1] if len(shape) == 2 else shape[0])))
    return np.random.default_rng().uniform(-bound, bound, size=shape)


class SGD:
    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        self.lr = lr

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        moving = [(p, p.grad) for p in self.params if p.grad is not None]
        for p, grad in moving:
            p.arr[...] = p.arr - np.multiply(self.lr, grad)


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
