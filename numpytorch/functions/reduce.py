"""Operations that reduce axes to one number each; each beside its derivative rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from numpytorch._errors import DtypeError, ShapeError
from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.functions.convert import axes_of, node_of

if TYPE_CHECKING:
    from numpytorch._types import Array, Axis, Shape, TensorLike


class ReduceGradFn(GradFn):
    """What the rules below share: which axes are gone from the result, and how to put them back."""

    fresh = True

    def __init__(self, x: TensorNode, axis: Axis) -> None:
        super().__init__(x)
        self.axis = axis
        self.kept = kept_shape(x.shape, axis)
        self.count = math.prod([x.shape[a] for a in axes_of(axis, x.ndim)])  # entries that go into one number

    def keep(self, reduced: Array) -> Array:
        """Give an array of the result's shape its reduced axes back, with length 1."""
        return reduced.reshape(self.kept)


class SumGradFn(ReduceGradFn):
    """sum(x)' = sum(x'): every entry gets the gradient of the sum it went into."""

    reads_parents = False
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.broadcast_to(self.keep(y.grad), x.shape).copy(),)


def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Add up the entries along `axis`: an int, a tuple of them, or None for all."""
    node = _operand(x, "sum")
    return attach(node.arr.sum(axis=axis, keepdims=keepdims), SumGradFn(node, axis))


class MeanGradFn(ReduceGradFn):
    """mean(x)' = sum(x') / n."""

    reads_parents = False
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.broadcast_to(self.keep(y.grad) / self.count, x.shape).copy(),)


def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Average the entries along `axis`: an int, a tuple of them, or None for all."""
    node = node_of(x)
    return attach(node.arr.mean(axis=axis, keepdims=keepdims), MeanGradFn(node, axis))


class ExtremeGradFn(ReduceGradFn):
    """max(x)' and min(x)': to the entry that was chosen; ties share it equally."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        chosen = x.arr == self.keep(y.arr)
        share = chosen / chosen.sum(axis=self.axis, keepdims=True)
        return (self.keep(y.grad) * share.astype(x.dtype),)


def max(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Take the largest entry along `axis`. Entries that tie for it share the gradient equally."""
    node = _operand(x, "max")
    return attach(node.arr.max(axis=axis, keepdims=keepdims), ExtremeGradFn(node, axis))


def min(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Take the smallest entry along `axis`. Entries that tie for it share the gradient equally."""
    node = _operand(x, "min")
    return attach(node.arr.min(axis=axis, keepdims=keepdims), ExtremeGradFn(node, axis))


class VarGradFn(ReduceGradFn):
    """var(x)' = 2 sum((x - mean(x)) x') / count, where count is n - ddof."""

    reads_output = False

    def __init__(self, x: TensorNode, axis: Axis, ddof: int) -> None:
        super().__init__(x, axis)
        self.count -= ddof
        if self.count <= 0:
            raise ShapeError(
                f"var, std: expected more than ddof (={ddof}) entries along axis {axis}, got {self.count + ddof} "
                f"(shape {x.shape})."
            )

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (self.keep(y.grad) * (2 / self.count) * (x.arr - x.arr.mean(axis=self.axis, keepdims=True)),)


def var(x: TensorLike, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """Compute the variance along `axis`, dividing by n - ddof (NumPy's ddof=0; PyTorch's default is 1)."""
    node = node_of(x)
    grad_fn = VarGradFn(node, axis, ddof)
    return attach(node.arr.var(axis=axis, keepdims=keepdims, ddof=ddof), grad_fn)


class StdGradFn(VarGradFn):
    """std(x)' = var(x)' / (2 std(x)), taken as 0 where std(x) is 0."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        scale = y.grad / (self.count * np.where(y.arr == 0, 1, y.arr))
        return (self.keep(scale) * (x.arr - x.arr.mean(axis=self.axis, keepdims=True)),)


def std(x: TensorLike, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """Compute the standard deviation along `axis`, dividing by n - ddof. See `var`."""
    node = node_of(x)
    grad_fn = StdGradFn(node, axis, ddof)
    return attach(node.arr.std(axis=axis, keepdims=keepdims, ddof=ddof), grad_fn)


class LogSumExpGradFn(ReduceGradFn):
    """logsumexp(x)' = sum(softmax(x) x')."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (self.keep(y.grad) * np.exp(x.arr - self.keep(y.arr)),)


def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Compute log(sum(exp(x))) along `axis`, without overflow for any x."""
    node = node_of(x)
    top = node.arr.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # where all are -inf, so is the result
    with np.errstate(divide="ignore"):
        y = np.log(np.exp(node.arr - top).sum(axis=axis, keepdims=True)) + top
    shape = y.shape if keepdims else reduced_shape(node.shape, axis)
    return attach(y.reshape(shape), LogSumExpGradFn(node, axis))


class SoftmaxGradFn(GradFn):
    """softmax(x)' = y (x' - sum(y x'))."""

    fresh = True
    reads_parents = False

    def __init__(self, x: TensorNode, axis: int) -> None:
        super().__init__(x)
        self.axis = axis

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        mean_grad = (y.grad * y.arr).sum(axis=self.axis, keepdims=True)
        return (y.arr * (y.grad - mean_grad),)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Compute exp(x) / sum(exp(x)) along `axis`, without overflow for any x."""
    node = node_of(x)
    e = np.exp(node.arr - node.arr.max(axis=axis, keepdims=True))
    return attach(e / e.sum(axis=axis, keepdims=True), SoftmaxGradFn(node, axis))


class LogSoftmaxGradFn(SoftmaxGradFn):
    """log_softmax(x)' = x' - sum(softmax(x) x')."""

    reads_parents = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad - np.exp(y.arr) * y.grad.sum(axis=self.axis, keepdims=True),)


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Compute log(softmax(x)) along `axis`, exactly also where softmax(x) is too small to hold."""
    node = node_of(x)
    shifted = node.arr - node.arr.max(axis=axis, keepdims=True)
    return attach(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)), LogSoftmaxGradFn(node, axis))


def _operand(x: TensorLike, name: str) -> TensorNode:
    """Refuse what Python's own sum, max and min are for: `from numpytorch.functions import *` hides those."""
    if not isinstance(x, Tensor | np.ndarray | np.generic):
        raise DtypeError(
            f"{name}: expected a Tensor or an array, got {type(x).__name__}. This is numpytorch's {name}; if you "
            f"meant Python's, which `import *` hides, write `import builtins` and builtins.{name}(...)."
        )
    return node_of(x)


def kept_shape(shape: Shape, axis: Axis) -> Shape:
    """Return the shape after reducing with keepdims=True."""
    axes = axes_of(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def reduced_shape(shape: Shape, axis: Axis) -> Shape:
    """Return the shape after reducing with keepdims=False."""
    axes = axes_of(axis, len(shape))
    return tuple([n for i, n in enumerate(shape) if i not in axes])
