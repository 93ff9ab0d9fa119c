"""Model answer to the assignment on the engine: rules, broadcasting, the backward pass, initialisation, SGD.

Throughout, `y.grad` is the upstream gradient: how the loss changes with each entry of y. A rule hands on to each
parent how the loss changes with each entry of that parent.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor
from numpytorch.autograd import GradFn, OutputNode, TensorNode

Array = NDArray[np.floating]
Gradient = Array | None  # None: there is nothing to hand on
Axis = int | tuple[int, ...] | None


# ---- part 1: rules ---------------------------------------------------------------------------------------


class Add(GradFn):
    """y = a + b. Each entry of a moves y by as much as it moves itself, and so does each of b."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        return y.grad, y.grad


class Sub(GradFn):
    """y = a - b."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        return y.grad, -y.grad


class Mul(GradFn):
    """y = a * b. The more one factor is, the more the other one counts."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        return y.grad * b.arr, y.grad * a.arr


class Div(GradFn):
    """y = a / b. The quotient rule: dy/da = 1 / b and dy/db = -a / b^2."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        return y.grad / b.arr, -y.grad * a.arr / b.arr**2


class Pow(GradFn):
    """y = a ** b. As a power of a, dy/da = b a^(b-1); as an exponential of b, dy/db = a^b log(a)."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        da = y.grad * b.arr * a.arr ** (b.arr - 1)
        if not b.requires_grad:  # a constant exponent: then a may be negative, and have no logarithm
            return da, None
        return da, y.grad * y.arr * np.log(a.arr)


class Matmul(GradFn):
    """y = a @ b, with a (..., M, K), b (..., K, N) and y (..., M, N). The shapes leave just one way to write it."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        da = y.grad @ b.arr.swapaxes(-1, -2)  # (..., M, N) @ (..., N, K) -> (..., M, K)
        db = a.arr.swapaxes(-1, -2) @ y.grad  # (..., K, M) @ (..., M, N) -> (..., K, N)
        return da, db


def with_axes_kept(reduced: Array, x: TensorNode, axis: Axis, keepdims: bool) -> Array:
    """Give what a reduction of x returned its axes back, with length 1, so that it broadcasts against x."""
    if keepdims:
        return reduced
    return np.expand_dims(reduced, tuple(range(x.ndim)) if axis is None else axis)


class Sum(GradFn):
    """y = x.sum(axis, keepdims). Every entry of x moves the sum that it went into, one for one."""

    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (np.broadcast_to(with_axes_kept(y.grad, x, self.axis, self.keepdims), x.shape),)


class Max(GradFn):
    """y = x.max(axis, keepdims). Only the largest entry moves y; several that tie share what comes back."""

    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        largest = x.arr == with_axes_kept(y.arr, x, self.axis, self.keepdims)
        share = largest / largest.sum(axis=self.axis, keepdims=True)
        return (with_axes_kept(y.grad, x, self.axis, self.keepdims) * share,)


class Log(GradFn):
    """y = log(x)."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad / x.arr,)


class Exp(GradFn):
    """y = exp(x), which is its own derivative: y is at hand already."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad * y.arr,)


class Sigmoid(GradFn):
    """y = 1 / (1 + exp(-x)), whose derivative is y (1 - y)."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad * y.arr * (1 - y.arr),)


class Tanh(GradFn):
    """y = tanh(x), whose derivative is 1 - y^2."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad * (1 - y.arr**2),)


class ReLU(GradFn):
    """y = max(x, 0): a gate, open where x is positive."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad * (x.arr > 0),)


class Reshape(GradFn):
    """y = x.reshape(shape): the same entries in the same order."""

    def __init__(self, x: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(x)
        self.shape = shape

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad.reshape(x.shape),)


class Transpose(GradFn):
    """y = x.transpose(axes): axis i of y is axis axes[i] of x."""

    def __init__(self, x: Tensor, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.axes = axes

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        return (y.grad.transpose(np.argsort(self.axes)),)  # argsort of a permutation is its inverse


class Getitem(GradFn):
    """y = x[key]. An entry that was read twice is sent two gradients; one that was not read, none."""

    def __init__(self, x: Tensor, key: Any) -> None:
        super().__init__(x)
        self.key = key

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        dx = np.zeros_like(x.arr)
        np.add.at(dx, self.key, y.grad)  # `dx[key] += ...` would keep only the last of several
        return (dx,)


# ---- part 2: broadcasting --------------------------------------------------------------------------------


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Add up a gradient over the axes along which an array of `shape` was broadcast to gradient.shape.

    Broadcasting copies an entry to several places. Each place sends a gradient, and the entry gets their sum.
    """
    new = gradient.ndim - len(shape)  # axes that broadcasting put in front
    stretched = [new + i for i, length in enumerate(shape) if length == 1]
    summed: Array = gradient.sum(axis=(*range(new), *stretched))
    return summed.reshape(shape)


# ---- part 3: the backward pass ---------------------------------------------------------------------------


def parents_in_need(y: TensorNode) -> list[TensorNode]:
    """List the parents of y that require a gradient, as often as they are one: both of them for a * a."""
    return [] if y.grad_fn is None else [x for x in y.grad_fn.parents if x.requires_grad]


def count_consumers(loss: TensorNode) -> Counter[TensorNode]:
    """Count for each node how many gradients it will be sent, going down from the loss.

    Only what the loss was computed from is counted: an operation that the loss never uses will send nothing.
    """
    counts: Counter[TensorNode] = Counter()
    reached = [loss]
    while reached:
        for x in parents_in_need(reached.pop()):
            if x not in counts:
                reached.append(x)
            counts[x] += 1
    return counts


def propagate(loss: TensorNode, gradient: Array) -> None:
    """Add to the `.grad` of every leaf that requires one what `gradient`, that of the loss, comes to there.

    A node's rule runs once, when all its consumers have delivered: it then has the whole of its gradient.
    The stack `ready` stands in for recursion, which ends at a depth of 1,000.
    """
    waiting_for = count_consumers(loss)
    delivered: dict[TensorNode, Array] = {loss: gradient}
    ready = [loss]
    while ready:
        y = ready.pop()
        total = delivered.pop(y, None)
        if y.grad_fn is None:
            if total is not None:  # a new array each time: no other .grad can share its memory
                y.grad = np.array(total) if y.grad is None else y.grad + total
            continue

        gradients: Sequence[Any] = [None] * len(y.grad_fn.parents)
        if total is not None:
            y.grad = np.asarray(total)
            gradients = y.grad_fn.f_d(*y.grad_fn.parents, y)
            y.grad = None  # it was for the rule alone

        for x, dx in zip(y.grad_fn.parents, gradients, strict=True):
            if not x.requires_grad:
                continue
            if dx is not None:
                dx = unbroadcast(np.asarray(dx), x.shape)
                # Not +=, for a rule may hand the same array to both parents.
                delivered[x] = delivered[x] + dx if x in delivered else dx
            waiting_for[x] -= 1
            if waiting_for[x] == 0:
                ready.append(x)


# ---- part 4: initialisation and descent ------------------------------------------------------------------


def he_uniform(*shape: int) -> Array:
    """Draw a weight from He's uniform distribution: between -b and b, with b = sqrt(6 / fan_in).

    fan_in is how many inputs one output adds up: d_in for (d_in, d_out), C * kh * kw for (F, C, kh, kw).
    """
    fan_in = shape[0] if len(shape) == 2 else math.prod(shape[1:])
    bound = math.sqrt(6 / fan_in)
    return np.random.uniform(-bound, bound, shape)


class SGD:
    """Stochastic gradient descent."""

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        self.lr = lr

    def zero_grad(self) -> None:
        """Forget the gradients: they add up otherwise."""
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient a little way against it."""
        for p in self.params:
            if p.grad is not None:
                p.arr -= self.lr * p.grad


# ---- part 5: questions -----------------------------------------------------------------------------------

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
W_ARR: float = 3.0
W_GRAD: float = 56.0
B_GRAD: float = 28.0

VISITS: str = "loss f e d c b"

MACRO_F1: float = 0.5186
MICRO_F1: float = 0.6129

RSUB_GRAD_FN: GradFnName = "SubGradFn"
RSUB_POSITION_OF_X: int = 1
RSUB_GRAD: float = -1.0
WHY_NO_RULE: Literal["?", "A", "B", "C", "D"] = "B"
