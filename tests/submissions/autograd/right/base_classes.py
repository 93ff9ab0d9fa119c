# One base class for what acts entry by entry, one for what moves entries; the rules are their derivatives.
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor
from numpytorch.autograd import GradFn, TensorNode

Array = NDArray[Any]
Axis = int | tuple[int, ...] | None


class EntryByEntry(GradFn):
    """dy times each partial derivative."""

    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        raise NotImplementedError

    def f_d(self, *nodes: Any, **_: Any) -> list[Array]:
        *parents, y = nodes
        with np.errstate(divide="ignore", invalid="ignore"):
            return [y.grad * d for d in self.partials(y.arr, *(p.arr for p in parents))]


class Add(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return 1, 1


class Sub(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return 1, -1


class Mul(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        a, b = x
        return b, a


class Div(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        a, b = x
        return 1 / b, -y / b


class Pow(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        a, b = x
        return b * a ** (b - 1), y * np.log(a)


class Log(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return (1 / x[0],)


class Exp(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return (y,)


class Sigmoid(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return (y - y**2,)


class Tanh(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return (1 - np.square(y),)


class ReLU(EntryByEntry):
    def partials(self, y: Array, *x: Array) -> Sequence[Any]:
        return (np.heaviside(x[0], 0.0),)


class Matmul(GradFn):
    def f_d(self, *nodes: Any, **_: Any) -> tuple[Array | None, Array | None]:
        a, b, y = nodes
        da = db = None
        if a.requires_grad:
            da = y.grad @ np.swapaxes(b.arr, -2, -1)
        if b.requires_grad:
            db = np.swapaxes(np.swapaxes(y.grad, -2, -1) @ a.arr, -2, -1)
        return da, db


class Reduction(GradFn):
    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.kept = np.sum(x.arr, axis=axis, keepdims=True).shape


class Sum(Reduction):
    def f_d(self, *nodes: Any, **_: Any) -> tuple[Array]:
        x, y = nodes
        return (np.tile(y.grad.reshape(self.kept), np.floor_divide(x.shape, self.kept).astype(int)),)


class Max(Reduction):
    def f_d(self, *nodes: Any, **_: Any) -> tuple[Array]:
        x, y = nodes
        ties = x.arr >= y.arr.reshape(self.kept)
        return (np.where(ties, y.grad.reshape(self.kept) / np.count_nonzero(ties, self.axis, keepdims=True), 0.0),)


class Moved(GradFn):
    """What moves entries sends each gradient back to where its entry came from."""

    def __init__(self, x: Tensor, how: Any) -> None:
        super().__init__(x)
        self.how = how

    def source(self, numbers: Array) -> Array:
        raise NotImplementedError

    def f_d(self, *nodes: Any, **_: Any) -> tuple[Array]:
        x, y = nodes
        dx = np.zeros(x.size)
        np.add.at(dx, self.source(np.arange(x.size).reshape(x.shape)), y.grad)
        return (dx.reshape(x.shape),)


class Reshape(Moved):
    def source(self, numbers: Array) -> Array:
        return numbers.reshape(self.how)


class Transpose(Moved):
    def source(self, numbers: Array) -> Array:
        return numbers.transpose(self.how)


class Getitem(Moved):
    def source(self, numbers: Array) -> Array:
        return np.asarray(numbers[self.how])


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    front = gradient.ndim - len(shape)
    for _ in range(front):
        gradient = np.add.reduce(gradient, axis=0)
    return np.asarray(np.add.reduce(gradient, axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True))


@dataclass(order=True)
class Visit:
    depth: int
    number: int


def propagate(loss: TensorNode, gradient: Array) -> None:
    """Visit the deepest first: a consumer is always deeper than its parents."""
    depth: dict[TensorNode, int] = {}
    stack: list[tuple[TensorNode, bool]] = [(loss, False)]
    while stack:
        node, done = stack.pop()
        parents = node.grad_fn.parents if node.grad_fn else ()
        if done:
            depth[node] = 1 + max((depth.get(p, 0) for p in parents), default=0)
        elif node not in depth:
            depth[node] = 0
            stack.append((node, True))
            stack.extend((p, False) for p in parents if p.requires_grad and p not in depth)

    nodes = [loss]
    sums: dict[TensorNode, list[Array]] = {loss: [gradient]}
    heap = [Visit(-depth[loss], 0)]
    while heap:
        y = nodes[heapq.heappop(heap).number]
        dy = reduce(np.add, sums.pop(y))
        if y.grad_fn is None:
            y.grad = np.array(dy if y.grad is None else y.grad + dy)
            continue
        y.grad = np.asarray(dy)
        handed: Sequence[Any] = y.grad_fn.f_d(*y.grad_fn.parents, y)
        y.grad = None
        for x, dx in zip(y.grad_fn.parents, handed, strict=True):
            if not x.requires_grad or dx is None:
                continue
            if x not in sums:
                sums[x] = []
                nodes.append(x)
                heapq.heappush(heap, Visit(-depth[x], len(nodes) - 1))
            sums[x].append(unbroadcast(np.asarray(dx), x.shape))


def he_uniform(*shape: int) -> Array:
    terms = (shape[0],) if len(shape) == 2 else shape[1:]
    bound = np.sqrt(6.0 / reduce(mul, terms))
    return np.random.uniform(low=-bound, high=bound, size=shape)


class SGD:
    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        self.lr = lr

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        for p in self.params:
            if p.grad is not None:
                np.subtract(p.arr, self.lr * p.grad, out=p.arr)


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
