"""Assignment: how the engine works, by building it. README.md beside this file explains the task.

Fill in every place that raises NotImplementedError, answer the questions at the end, then check your work:

    autograder check autograd assignment.py
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
# Each `f_d` gets the nodes of its parents and of its result y. Values are in `.arr`, the upstream gradient in
# `y.grad`. It returns a tuple with one gradient a parent, of the shape of y for the operations that broadcast.


class Add(GradFn):
    """y = a + b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        raise NotImplementedError("Add.f_d: the gradients to a and to b.")


class Sub(GradFn):
    """y = a - b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        raise NotImplementedError("Sub.f_d: the gradients to a and to b.")


class Mul(GradFn):
    """y = a * b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        raise NotImplementedError("Mul.f_d: the gradients to a and to b.")


class Div(GradFn):
    """y = a / b, with broadcasting."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        raise NotImplementedError("Div.f_d: the gradients to a and to b.")


class Pow(GradFn):
    """y = a ** b, with broadcasting. Where b requires a gradient, a is positive; else a may be 0 or negative."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        raise NotImplementedError("Pow.f_d: the gradients to a and to b.")


class Matmul(GradFn):
    """y = a @ b, with a (..., M, K), b (..., K, N), y (..., M, N); the axes in front broadcast. Neither is 1-D."""

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Gradient, Gradient]:
        raise NotImplementedError("Matmul.f_d: the gradients to a and to b.")


class Sum(GradFn):
    """y = x.sum(axis, keepdims). axis: one axis, several, or None for all; negative ones count from the end."""

    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Sum.f_d: the gradient to x, of the shape of x.")


class Max(GradFn):
    """y = x.max(axis, keepdims). Entries that tie for the largest share the gradient, in whatever proportion."""

    def __init__(self, x: Tensor, axis: Axis, keepdims: bool) -> None:
        super().__init__(x)
        self.axis = axis
        self.keepdims = keepdims

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Max.f_d: the gradient to x, of the shape of x.")


class Log(GradFn):
    """y = log(x), for positive x."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Log.f_d: the gradient to x.")


class Exp(GradFn):
    """y = exp(x)."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Exp.f_d: the gradient to x.")


class Sigmoid(GradFn):
    """y = 1 / (1 + exp(-x))."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Sigmoid.f_d: the gradient to x.")


class Tanh(GradFn):
    """y = tanh(x)."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Tanh.f_d: the gradient to x.")


class ReLU(GradFn):
    """y = max(x, 0), entry by entry."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("ReLU.f_d: the gradient to x.")


class Reshape(GradFn):
    """y = x.reshape(shape): the same entries, in row-major order."""

    def __init__(self, x: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(x)
        self.shape = shape

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Reshape.f_d: the gradient to x, of the shape of x.")


class Transpose(GradFn):
    """y = x.transpose(axes): axis i of y is axis axes[i] of x. axes names every axis once, none negative."""

    def __init__(self, x: Tensor, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.axes = axes

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Transpose.f_d: the gradient to x, of the shape of x.")


class Getitem(GradFn):
    """y = x[key]. key: whatever NumPy takes: integers, slices with any step, None, `...`, a mask, index arrays."""

    def __init__(self, x: Tensor, key: Any) -> None:
        super().__init__(x)
        self.key = key

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Gradient]:
        raise NotImplementedError("Getitem.f_d: the gradient to x, of the shape of x.")


# ---- part 2: broadcasting --------------------------------------------------------------------------------


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Add up a gradient over the axes along which an array of `shape` was broadcast to gradient.shape.

    gradient: an array of a shape that `shape` broadcasts to. It is not changed. Returns an array of `shape`.
    """
    raise NotImplementedError("unbroadcast: one sum, over the right axes.")


# ---- part 3: the backward pass ---------------------------------------------------------------------------


def propagate(loss: TensorNode, gradient: Array) -> None:
    """Add to the `.grad` of every leaf that requires one what `gradient`, that of the loss, comes to there.

    loss: a node that requires a gradient; a leaf has `grad_fn` None. gradient: of the shape of loss.arr. It is
        not changed.
    Run a rule with `gradients: Sequence[Any] = y.grad_fn.f_d(*y.grad_fn.parents, y)`, when `y.grad` holds the
    sum of what all of y's consumers have delivered. README.md lists what must hold.
    """
    raise NotImplementedError("propagate: count the consumers from the loss, then go down.")


# ---- part 4: initialisation and descent ------------------------------------------------------------------


def he_uniform(*shape: int) -> Array:
    """Draw a weight from He's uniform distribution: between -b and b, with b = sqrt(6 / fan_in).

    fan_in is how many inputs one output adds up. shape: (d_in, d_out), or (F, C, kh, kw).
    """
    raise NotImplementedError("he_uniform: find fan_in, then draw.")


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
        raise NotImplementedError("SGD.step: change p.arr, for each parameter p.")


# ---- part 5: questions -----------------------------------------------------------------------------------
# README.md asks them. "?", -1 and math.nan stand for "not answered".

Combination = Literal["?", "leaf, requires grad", "leaf, no grad", "inner, requires grad", "inner, no grad"]
DATA: Combination = "?"
PARAMETER: Combination = "?"
DATA_TIMES_DATA: Combination = "?"
DATA_TIMES_PARAMETER: Combination = "?"
UNDER_NO_GRAD: Combination = "?"
DETACHED: Combination = "?"
NEVER_ARISES: Combination = "?"

NoneOrArray = Literal["?", "None", "an array"]
YesOrNo = Literal["?", "yes", "no"]
GradFnName = Literal["?", "None", "AddGradFn", "MulGradFn", "SumGradFn", "SubGradFn"]
H_GRAD_FN: GradFnName = "?"
H_PARENTS: int = -1
H_IS_LEAF: YesOrNo = "?"
H_REQUIRES_GRAD: YesOrNo = "?"
H_GRAD: NoneOrArray = "?"
H_GRAD_CNT: int = -1
X_GRAD_FN: GradFnName = "?"
X_GRAD: NoneOrArray = "?"
W_ARR: float = math.nan
W_GRAD: float = math.nan
B_GRAD: float = math.nan

VISITS: str = "?"

MACRO_F1: float = math.nan
MICRO_F1: float = math.nan

RSUB_GRAD_FN: GradFnName = "?"
RSUB_POSITION_OF_X: int = -1
RSUB_GRAD: float = math.nan
WHY_NO_RULE: Literal["?", "A", "B", "C", "D"] = "?"
