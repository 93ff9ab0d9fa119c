# stub: """Assignment: how the engine works, by building it. README.md beside this file explains the task.
# stub:
# stub: Fill in every place that raises NotImplementedError, answer the questions at the end, then check your work:
# stub:
# stub:     autograder check autograd assignment.py
# stub: """
"""Model answer to the assignment on the engine: rules, broadcasting, the backward pass, initialisation, SGD.

Throughout, `y.grad` is the upstream gradient: how the loss changes with each entry of y. A rule hands on to each
parent how the loss changes with each entry of that parent.
"""
# end

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
# Each `f_d` gets the nodes of its parents and of its result y. Values are in `.arr`, the upstream gradient in
# `y.grad`. It returns a tuple with one gradient a parent, of the shape of y for the operations that broadcast.


class Add(GradFn):
    """y = a + b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        # stub: raise NotImplementedError("Add.f_d: the gradients to a and to b.")
        # Each entry of a moves y by as much as it moves itself, and so does each of b.
        return y.grad, y.grad


class Sub(GradFn):
    """y = a - b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        # stub: raise NotImplementedError("Sub.f_d: the gradients to a and to b.")
        return y.grad, -y.grad


class Mul(GradFn):
    """y = a * b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        # stub: raise NotImplementedError("Mul.f_d: the gradients to a and to b.")
        # The more one factor is, the more the other one counts.
        return y.grad * b.arr, y.grad * a.arr


class Div(GradFn):
    """y = a / b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        # stub: raise NotImplementedError("Div.f_d: the gradients to a and to b.")
        # The quotient rule: dy/da = 1 / b and dy/db = -a / b^2.
        return y.grad / b.arr, -y.grad * a.arr / b.arr**2


class Pow(GradFn):
    """y = a ** b, with broadcasting. Where b requires a gradient, a is positive; else a may be 0 or negative."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        # stub: raise NotImplementedError("Pow.f_d: the gradients to a and to b.")
        # As a power of a, dy/da = b a^(b-1); as an exponential of b, dy/db = a^b log(a).
        da = y.grad * b.arr * a.arr ** (b.arr - 1)
        if not b.requires_grad:  # a constant exponent: then a may be negative, and have no logarithm
            return da, None
        return da, y.grad * y.arr * np.log(a.arr)


class Matmul(GradFn):
    """y = a @ b, with a (..., M, K), b (..., K, N), y (..., M, N); the axes in front broadcast. Neither is 1-D."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        # stub: raise NotImplementedError("Matmul.f_d: the gradients to a and to b.")
        # The shapes leave just one way to write it.
        da = y.grad @ b.arr.swapaxes(-1, -2)  # (..., M, N) @ (..., N, K) -> (..., M, K)
        db = a.arr.swapaxes(-1, -2) @ y.grad  # (..., K, M) @ (..., M, N) -> (..., K, N)
        return da, db


# answer
def with_axes_kept(reduced: Array, x: TensorNode, axis: Axis, keepdims: bool) -> Array:
    """Give what a reduction of x returned its axes back, with length 1, so that it broadcasts against x."""
    if keepdims:
        return reduced
    return np.expand_dims(reduced, tuple(range(x.ndim)) if axis is None else axis)


# end


class Sum(GradFn):
    """y = x.sum(axis, keepdims). axis: one axis, several, or None for all; negative ones count from the end."""

    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Sum.f_d: the gradient to x, of the shape of x.")
        # Every entry of x moves the sum that it went into, one for one.
        return (np.broadcast_to(with_axes_kept(y.grad, x, self.axis, self.keepdims), x.shape),)


class Max(GradFn):
    """y = x.max(axis, keepdims). Entries that tie for the largest share the gradient, in whatever proportion."""

    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Max.f_d: the gradient to x, of the shape of x.")
        # Only the largest entry moves y; several that tie share what comes back.
        largest = x.arr == with_axes_kept(y.arr, x, self.axis, self.keepdims)
        share = largest / largest.sum(axis=self.axis, keepdims=True)
        return (with_axes_kept(y.grad, x, self.axis, self.keepdims) * share,)


class Log(GradFn):
    """y = log(x), for positive x."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Log.f_d: the gradient to x.")
        return (y.grad / x.arr,)


class Exp(GradFn):
    """y = exp(x)."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Exp.f_d: the gradient to x.")
        # exp is its own derivative: y is at hand already.
        return (y.grad * y.arr,)


class Sigmoid(GradFn):
    """y = 1 / (1 + exp(-x))."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Sigmoid.f_d: the gradient to x.")
        # The derivative is y (1 - y).
        return (y.grad * y.arr * (1 - y.arr),)


class Tanh(GradFn):
    """y = tanh(x)."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Tanh.f_d: the gradient to x.")
        # The derivative is 1 - y^2.
        return (y.grad * (1 - y.arr**2),)


class ReLU(GradFn):
    """y = max(x, 0), entry by entry."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("ReLU.f_d: the gradient to x.")
        # A gate, open where x is positive.
        return (y.grad * (x.arr > 0),)


class Reshape(GradFn):
    """y = x.reshape(shape): the same entries, in row-major order."""

    def __init__(self, x: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(x)
        self.shape = shape

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Reshape.f_d: the gradient to x, of the shape of x.")
        return (y.grad.reshape(x.shape),)


class Transpose(GradFn):
    """y = x.transpose(axes): axis i of y is axis axes[i] of x. axes names every axis once, none negative."""

    def __init__(self, x: Tensor, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.axes = axes

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Transpose.f_d: the gradient to x, of the shape of x.")
        return (y.grad.transpose(np.argsort(self.axes)),)  # argsort of a permutation is its inverse


class Getitem(GradFn):
    """y = x[key]. key: whatever NumPy takes: integers, slices with any step, None, `...`, a mask, index arrays."""

    def __init__(self, x: Tensor, key: Any) -> None:
        super().__init__(x)
        self.key = key

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        # stub: raise NotImplementedError("Getitem.f_d: the gradient to x, of the shape of x.")
        # An entry that was read twice is sent two gradients; one that was not read, none.
        dx = np.zeros_like(x.arr)
        np.add.at(dx, self.key, y.grad)  # `dx[key] += ...` would keep only the last of several
        return (dx,)


# ---- part 2: broadcasting --------------------------------------------------------------------------------


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Add up a gradient over the axes along which an array of `shape` was broadcast to gradient.shape.

    gradient: an array of a shape that `shape` broadcasts to. It is not changed. Returns an array of `shape`.
    """
    # stub: raise NotImplementedError("unbroadcast: one sum, over the right axes.")
    # Broadcasting copies an entry to several places. Each place sends a gradient, and the entry gets their sum.
    new = gradient.ndim - len(shape)  # axes that broadcasting put in front
    stretched = [new + i for i, length in enumerate(shape) if length == 1]
    summed: Array = gradient.sum(axis=(*range(new), *stretched))
    return summed.reshape(shape)


# ---- part 3: the backward pass ---------------------------------------------------------------------------


# answer
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


# end


def propagate(loss: TensorNode, gradient: Array) -> None:
    """Add to the `.grad` of every leaf that requires one what `gradient`, that of the loss, comes to there.

    loss: a node that requires a gradient; a leaf has `grad_fn` None. gradient: of the shape of loss.arr. It is
        not changed.
    Run a rule with `gradients: Sequence[Any] = y.grad_fn.f_d(*y.grad_fn.parents, y)`, when `y.grad` holds the
    sum of what all of y's consumers have delivered. README.md lists what must hold.
    """
    # stub: raise NotImplementedError("propagate: count the consumers from the loss, then go down.")
    # A node's rule runs once, when all its consumers have delivered: it then has the whole of its gradient.
    # The stack `ready` stands in for recursion, which ends at a depth of 1,000.
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

    fan_in is how many inputs one output adds up. shape: (d_in, d_out), or (F, C, kh, kw).
    """
    # stub: raise NotImplementedError("he_uniform: find fan_in, then draw.")
    fan_in = shape[0] if len(shape) == 2 else math.prod(shape[1:])  # d_in, or C * kh * kw
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
        """Move every parameter that has a gradient by `lr` times that gradient, the way that makes the loss fall."""
        # stub: raise NotImplementedError("SGD.step: change p.arr, for each parameter p.")
        for p in self.params:
            if p.grad is not None:
                p.arr -= self.lr * p.grad


# ---- part 5: questions -----------------------------------------------------------------------------------
# README.md asks them. "?", -1 and math.nan stand for "not answered".

Combination = Literal["?", "leaf, requires grad", "leaf, no grad", "inner, requires grad", "inner, no grad"]
DATA: Combination = "leaf, no grad"  # stub: "?"
PARAMETER: Combination = "leaf, requires grad"  # stub: "?"
DATA_TIMES_DATA: Combination = "leaf, no grad"  # stub: "?"
DATA_TIMES_PARAMETER: Combination = "inner, requires grad"  # stub: "?"
UNDER_NO_GRAD: Combination = "leaf, no grad"  # stub: "?"
DETACHED: Combination = "leaf, no grad"  # stub: "?"
NEVER_ARISES: Combination = "inner, no grad"  # stub: "?"

NoneOrArray = Literal["?", "None", "an array"]
YesOrNo = Literal["?", "yes", "no"]
GradFnName = Literal["?", "None", "AddGradFn", "MulGradFn", "SumGradFn", "SubGradFn"]
H_GRAD_FN: GradFnName = "MulGradFn"  # stub: "?"
H_PARENTS: int = 2  # stub: -1
H_IS_LEAF: YesOrNo = "no"  # stub: "?"
H_REQUIRES_GRAD: YesOrNo = "yes"  # stub: "?"
H_GRAD: NoneOrArray = "None"  # stub: "?"
H_GRAD_CNT: int = 0  # stub: -1
X_GRAD_FN: GradFnName = "None"  # stub: "?"
X_GRAD: NoneOrArray = "None"  # stub: "?"
W_ARR: float = 3.0  # stub: math.nan
W_GRAD: float = 56.0  # stub: math.nan
B_GRAD: float = 28.0  # stub: math.nan

VISITS: str = "loss f e d c b"  # stub: "?"

MACRO_F1: float = 0.5186  # stub: math.nan
MICRO_F1: float = 0.6129  # stub: math.nan

RSUB_GRAD_FN: GradFnName = "SubGradFn"  # stub: "?"
RSUB_POSITION_OF_X: int = 1  # stub: -1
RSUB_GRAD: float = -1.0  # stub: math.nan
WHY_NO_RULE: Literal["?", "A", "B", "C", "D"] = "B"  # stub: "?"
