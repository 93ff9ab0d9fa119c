# Loops over single entries wherever there is a choice: slow, and easy to follow.
import itertools
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor
from numpytorch.autograd import GradFn, OutputNode, TensorNode

Array = NDArray[np.floating]


def places(shape: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    return itertools.product(*map(range, shape))


class Add(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return y.grad, y.grad


class Sub(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return y.grad, 0 - y.grad


class Mul(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return y.grad * b.arr, y.grad * a.arr


class Div(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        return y.grad / b.arr, -(y.grad * a.arr) / (b.arr * b.arr)


class Pow(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array | None, Array | None]:
        da = np.zeros(y.shape)
        db = np.zeros(y.shape)
        base, exponent = np.broadcast_to(a.arr, y.shape), np.broadcast_to(b.arr, y.shape)
        for i in places(y.shape):
            da[i] = y.grad[i] * exponent[i] * base[i] ** (exponent[i] - 1)
            if b.requires_grad:
                db[i] = y.grad[i] * y.arr[i] * np.log(base[i])
        return da, db


class Matmul(GradFn):
    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        batch, m, n, k = y.shape[:-2], y.shape[-2], y.shape[-1], a.shape[-1]
        left = np.broadcast_to(a.arr, (*batch, m, k))
        right = np.broadcast_to(b.arr, (*batch, k, n))
        da, db = np.zeros(left.shape), np.zeros(right.shape)
        for i in places(batch):
            da[i] = y.grad[i] @ right[i].T
            db[i] = left[i].T @ y.grad[i]
        return da, db


class Sum(GradFn):
    def __init__(self, x: Tensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        super().__init__(x)
        self.axis, self.keepdims = axis, keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.shape)
        for i in places(x.shape):
            dx[i] = y.grad[where(i, x.ndim, self.axis, self.keepdims)]
        return (dx,)


def where(i: tuple[int, ...], ndim: int, axis: Any, keepdims: bool) -> tuple[int, ...]:
    """Find the entry of the result that entry i went into."""
    axes = range(ndim) if axis is None else [axis % ndim] if isinstance(axis, int) else [a % ndim for a in axis]
    if keepdims:
        return tuple(0 if a in axes else n for a, n in enumerate(i))
    return tuple(n for a, n in enumerate(i) if a not in axes)


class Max(GradFn):
    def __init__(self, x: Tensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        super().__init__(x)
        self.axis, self.keepdims = axis, keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.shape)
        given: set[tuple[int, ...]] = set()
        for i in places(x.shape):
            j = where(i, x.ndim, self.axis, self.keepdims)
            if j not in given and x.arr[i] == y.arr[j]:
                dx[i] = y.grad[j]
                given.add(j)
        return (dx,)


class Log(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad / x.arr,)


class Exp(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.arr * y.grad,)


class Sigmoid(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * y.arr * (1 - y.arr),)


class Tanh(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * (1 + y.arr) * (1 - y.arr),)


class ReLU(GradFn):
    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.shape)
        for i in places(x.shape):
            if x.arr[i] > 0:
                dx[i] = y.grad[i]
        return (dx,)


class Reshape(GradFn):
    def __init__(self, x: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(x)
        self.shape = shape

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.shape)
        for i, g in zip(places(x.shape), y.grad.flat, strict=True):
            dx[i] = g
        return (dx,)


class Transpose(GradFn):
    def __init__(self, x: Tensor, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.axes = axes

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.shape)
        for i in places(x.shape):
            dx[i] = y.grad[tuple(i[a] for a in self.axes)]
        return (dx,)


class Getitem(GradFn):
    def __init__(self, x: Tensor, key: Any) -> None:
        super().__init__(x)
        self.key = key

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros(x.size)
        read = np.arange(x.size).reshape(x.shape)[self.key]
        for i, g in zip(np.asarray(read).flat, y.grad.flat, strict=True):
            dx[i] += g
        return (dx.reshape(x.shape),)


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape)
    front = gradient.ndim - len(shape)
    for i in places(gradient.shape):
        out[tuple(0 if n == 1 else k for n, k in zip(shape, i[front:], strict=True))] += gradient[i]
    return out


def propagate(loss: TensorNode, gradient: Array) -> None:
    # How often each node is used below the loss, by identity.
    uses: defaultdict[int, int] = defaultdict(int)
    queue = deque([loss])
    while queue:
        node = queue.popleft()
        if node.grad_fn is None:
            continue
        for parent in node.grad_fn.parents:
            if parent.requires_grad:
                uses[id(parent)] += 1
                if uses[id(parent)] == 1:
                    queue.append(parent)
    sums: dict[int, Array] = {id(loss): np.array(gradient)}
    queue.append(loss)
    while queue:
        node = queue.popleft()
        if node.grad_fn is None:
            if id(node) in sums:
                node.grad = sums[id(node)] if node.grad is None else node.grad + sums[id(node)]
            continue
        parents = node.grad_fn.parents
        handed: Any = [None for _ in parents]
        if id(node) in sums:
            node.grad = sums.pop(id(node))
            handed = node.grad_fn.f_d(*parents, node)
            node.grad = None
        for parent, given in zip(parents, handed, strict=True):
            if not parent.requires_grad:
                continue
            if given is not None:
                if id(parent) not in sums:
                    sums[id(parent)] = np.zeros(parent.shape)
                sums[id(parent)] += unbroadcast(np.asarray(given), parent.shape)  # an array of our own
            uses[id(parent)] -= 1
            if uses[id(parent)] == 0:
                queue.append(parent)


def he_uniform(*shape: int) -> Array:
    fan_in = 1
    for n in shape[:1] if len(shape) == 2 else shape[1:]:
        fan_in *= n
    weight = np.zeros(shape)
    for i in places(shape):
        weight[i] = np.random.uniform(-1, 1) * np.sqrt(6 / fan_in)
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
            grad = p.grad
            if grad is not None:
                values = p.arr.copy()
                for i in places(p.shape):
                    values[i] -= self.lr * grad[i]
                p.arr = values


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
