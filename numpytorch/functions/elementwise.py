"""Operations that treat every entry alike, with broadcasting; each beside its derivative rule.

Long, for there are many; each can be read without the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import DtypeError, GraphError, ShapeError
from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.functions.convert import constant_array, node_of, nodes_of

if TYPE_CHECKING:
    from numpytorch._types import Array, TensorLike

Pair = tuple["Array | None", "Array | None"]


class AddGradFn(GradFn):
    """(a + b)' = a' + b'."""

    reads_parents = False
    reads_output = False

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        return y.grad, y.grad


def add(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute a + b."""
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.add, left, right), AddGradFn(left, right))


class SubGradFn(GradFn):
    """(a - b)' = a' - b'."""

    reads_parents = False
    reads_output = False

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        return y.grad, -y.grad if b.requires_grad else None


def sub(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute a - b."""
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.subtract, left, right), SubGradFn(left, right))


class MulGradFn(GradFn):
    """(a b)' = a' b + a b'."""

    fresh = True
    reads_output = False

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        return (
            y.grad * b.arr if a.requires_grad else None,
            y.grad * a.arr if b.requires_grad else None,
        )


def mul(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute a * b."""
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.multiply, left, right), MulGradFn(left, right))


class DivGradFn(GradFn):
    """(a / b)' = a' / b - (a / b) b' / b."""

    fresh = True

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        da = y.grad / b.arr
        return da, -da * y.arr if b.requires_grad else None


def div(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute a / b."""
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.divide, left, right), DivGradFn(left, right))


class PowGradFn(GradFn):
    """(a^b)' = b a^(b-1) a' + log(a) a^b b'."""

    fresh = True

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        da = db = None
        if a.requires_grad:
            zero = b.arr == 0  # a^0 is flat, also at a = 0, where a^(b-1) is infinite
            da = y.grad * b.arr * a.arr ** np.where(zero, 1, b.arr - 1)
        if b.requires_grad:
            db = y.grad * y.arr * np.log(np.where(a.arr == 0, 1, a.arr))  # 0^b is flat in b > 0
        return da, db


class PowNumberGradFn(GradFn):
    """(x^n)' = n x^(n-1) x', for a number n."""

    fresh = True
    reads_output = False

    def __init__(self, x: TensorNode, n: float) -> None:
        super().__init__(x)
        self.n = n

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        if self.n == 0:
            return (y.grad * 0,)
        return (y.grad * (self.n * x.arr ** (self.n - 1)),)


def pow(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute a ** b. The gradient to an exponent is that of a > 0, and 0 where a is 0."""
    if isinstance(a, Tensor) and isinstance(b, int | float) and a.node.arr.dtype.kind == "f":
        b = float(b) if not float(b).is_integer() else int(b)
        return attach(a.node.arr**b, PowNumberGradFn(a.node, b))
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.power, left, right), PowGradFn(left, right))


class NegGradFn(GradFn):
    """(-x)' = -x'."""

    fresh = True
    reads_parents = False
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (-y.grad,)


def neg(x: TensorLike) -> Tensor:
    """Compute -x."""
    node = node_of(x)
    return attach(-node.arr, NegGradFn(node))


class AbsGradFn(GradFn):
    """|x|' = sign(x) x', taken as 0 at 0."""

    fresh = True
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * np.sign(x.arr),)


def abs(x: TensorLike) -> Tensor:
    """Compute |x|; its gradient at 0 is 0."""
    node = node_of(x)
    return attach(np.abs(node.arr), AbsGradFn(node))


class ExpGradFn(GradFn):
    """exp(x)' = exp(x) x'."""

    fresh = True
    reads_parents = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * y.arr,)


def exp(x: TensorLike) -> Tensor:
    """Compute e ** x."""
    node = node_of(x)
    return attach(np.exp(node.arr), ExpGradFn(node))


class LogGradFn(GradFn):
    """log(x)' = x' / x."""

    fresh = True
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad / x.arr,)


def log(x: TensorLike) -> Tensor:
    """Compute the natural logarithm."""
    node = node_of(x)
    return attach(np.log(node.arr), LogGradFn(node))


class SqrtGradFn(GradFn):
    """sqrt(x)' = x' / (2 sqrt(x))."""

    fresh = True
    reads_parents = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad / (2 * y.arr),)


def sqrt(x: TensorLike) -> Tensor:
    """Compute the square root; its gradient at 0 is infinite."""
    node = node_of(x)
    return attach(np.sqrt(node.arr), SqrtGradFn(node))


class SinGradFn(GradFn):
    """sin(x)' = cos(x) x'."""

    fresh = True
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * np.cos(x.arr),)


def sin(x: TensorLike) -> Tensor:
    """Compute the sine of x in radians."""
    node = node_of(x)
    return attach(np.sin(node.arr), SinGradFn(node))


class CosGradFn(GradFn):
    """cos(x)' = -sin(x) x'."""

    fresh = True
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (-y.grad * np.sin(x.arr),)


def cos(x: TensorLike) -> Tensor:
    """Compute the cosine of x in radians."""
    node = node_of(x)
    return attach(np.cos(node.arr), CosGradFn(node))


class TanhGradFn(GradFn):
    """tanh(x)' = (1 - tanh(x)^2) x'."""

    fresh = True
    reads_parents = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * (1 - y.arr * y.arr),)


def tanh(x: TensorLike) -> Tensor:
    """Compute the hyperbolic tangent."""
    node = node_of(x)
    return attach(np.tanh(node.arr), TanhGradFn(node))


class SigmoidGradFn(GradFn):
    """s(x)' = s(x) (1 - s(x)) x'."""

    fresh = True
    reads_parents = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * (y.arr * (1 - y.arr)),)


def sigmoid(x: TensorLike) -> Tensor:
    """Compute 1 / (1 + exp(-x)), without overflow for any x."""
    node = node_of(x)
    small = np.exp(-np.abs(node.arr))  # in (0, 1]
    return attach(np.where(node.arr >= 0, 1, small) / (1 + small), SigmoidGradFn(node))


def sigmoid_naive(x: Tensor) -> Tensor:
    """Compute 1 / (1 + exp(-x)) as it is written: exp overflows for x far below 0. See `sigmoid`."""
    return 1 / (1 + exp(-x))


class ReLUGradFn(GradFn):
    """max(x, 0)' = x' where x > 0, else 0."""

    fresh = True
    reads_parents = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        positive = y.arr > 0
        if y.owns_grad:  # where nobody else can see y.grad, it may become the result
            y.grad *= positive
            return (y.grad,)
        return (y.grad * positive,)


def relu(x: TensorLike) -> Tensor:
    """Compute max(x, 0); its gradient at 0 is 0."""
    node = node_of(x)
    return attach(np.maximum(node.arr, 0), ReLUGradFn(node))


class LeakyReLUGradFn(GradFn):
    """x' where x > 0, else slope x'."""

    fresh = True
    reads_output = False

    def __init__(self, x: TensorNode, slope: float) -> None:
        super().__init__(x)
        self.slope = slope

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.where(x.arr > 0, y.grad, self.slope * y.grad),)


def leaky_relu(x: TensorLike, negative_slope: float = 0.01) -> Tensor:
    """Compute x where x > 0, else negative_slope * x."""
    node = node_of(x)
    slope = float(negative_slope)
    return attach(np.where(node.arr > 0, node.arr, slope * node.arr), LeakyReLUGradFn(node, slope))


class ExtremumGradFn(GradFn):
    """max(a, b)' and min(a, b)': all to the one that was chosen, half to each where they are equal."""

    fresh = True

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        tie = (a.arr == b.arr) * 0.5
        share_a = np.where(tie, tie, a.arr == y.arr).astype(y.dtype)
        share_b = np.where(tie, tie, b.arr == y.arr).astype(y.dtype)
        return y.grad * share_a, y.grad * share_b


def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute the larger of a and b, entry by entry; where they are equal, each gets half the gradient."""
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.maximum, left, right), ExtremumGradFn(left, right))


def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """Compute the smaller of a and b, entry by entry; where they are equal, each gets half the gradient."""
    left, right = nodes_of(a, b)
    return attach(_broadcast(np.minimum, left, right), ExtremumGradFn(left, right))


class ClipGradFn(GradFn):
    """x' where x was within the bounds, else 0."""

    fresh = True
    reads_parents = False
    reads_output = False

    def __init__(self, x: TensorNode, inside: Array) -> None:
        super().__init__(x)
        self.inside = inside

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad * self.inside,)


def clip(x: TensorLike, low: TensorLike | None = None, high: TensorLike | None = None) -> Tensor:
    """Limit x to low..high (None for no limit). The gradient is that of x within, bounds included, else 0.

    The bounds are constants; for a gradient to them, write `minimum(maximum(x, low), high)`.
    """
    node = node_of(x)
    low, high = _bound(low, node.dtype), _bound(high, node.dtype)
    inside = np.ones(node.shape, dtype=bool)
    if low is not None:
        inside = inside & (node.arr >= low)
    if high is not None:
        inside = inside & (node.arr <= high)
    return attach(np.clip(node.arr, low, high), ClipGradFn(node, inside))


def _bound(value: TensorLike | None, like: np.dtype[Any]) -> Array | None:
    if isinstance(value, Tensor) and value.requires_grad:
        raise GraphError(
            "clip: expected bounds that are constants, got a Tensor that requires a gradient. "
            "Write minimum(maximum(x, low), high)."
        )
    return value.node.arr if isinstance(value, Tensor) else None if value is None else constant_array(value, like)


class WhereGradFn(GradFn):
    """To each operand, the gradient of the entries that were taken from it."""

    fresh = True
    reads_parents = False
    reads_output = False

    def __init__(self, condition: Array, a: TensorNode, b: TensorNode) -> None:
        super().__init__(a, b)
        self.condition = condition

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> Pair:
        return np.where(self.condition, y.grad, 0), np.where(self.condition, 0, y.grad)


def where(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """Take a where the condition holds and b elsewhere, with broadcasting."""
    chosen: Array = np.array(condition.node.arr if isinstance(condition, Tensor) else condition, dtype=bool)
    left, right = nodes_of(a, b)
    try:
        return attach(np.where(chosen, left.arr, right.arr), WhereGradFn(chosen, left, right))
    except ValueError:
        raise ShapeError(
            f"where: expected shapes that broadcast together, got {chosen.shape} (condition), {left.shape} "
            f"and {right.shape}."
        ) from None


def _broadcast(ufunc: np.ufunc, a: TensorNode, b: TensorNode) -> Any:
    try:
        return ufunc(a.arr, b.arr)
    except ValueError as error:
        if "negative integer powers" in str(error):
            raise DtypeError(
                "power: expected floating-point numbers for a negative power, got integers. Use x.astype(np.float64)."
            ) from None
        raise ShapeError(
            f"{ufunc.__name__}: expected shapes that broadcast together (equal from the right, or 1), "
            f"got {a.shape} and {b.shape}. Insert axes with `unsqueeze` or `reshape`, or sum over one."
        ) from None
