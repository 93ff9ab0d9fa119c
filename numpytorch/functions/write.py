"""Writing to a Tensor: `x[key] = value` and the in-place operators, with gradients.

A Tensor is a handle on a node, and a node is a value. Writing gives the handle a new node; the old one stays
in the graph for whoever used it. The first write to a Tensor gives it memory of its own, later writes use
that memory again: filling an array piece by piece costs the pieces, not a copy of the whole each time. The
version counter (`TensorNode.written`) notices if `backward()` then needs a value that is no longer there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import GraphError, ShapeError
from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor, _Slice
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.autograd.mode import grad_enabled
from numpytorch.functions.convert import constant
from numpytorch.functions.elementwise import AddGradFn, SubGradFn, add, div, mul, pow, sub
from numpytorch.functions.index import as_key, has_repeats
from numpytorch.functions.linalg import matmul
from numpytorch.functions.shape import astype

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array, Key, TensorLike


class SetitemGradFn(GradFn):
    """To the value, the gradient at `key`; to the old Tensor, all the rest of it."""

    fresh = True

    def __init__(self, x: TensorNode, value: TensorNode, key: Any) -> None:
        super().__init__(x, value)
        self.key = key

    def f_d(self, x: TensorNode, value: TensorNode, y: OutputNode) -> tuple[Array, Array | None]:
        # Where nobody else can see y.grad, hand it on without copying: y has no more use for it.
        rest = y.grad if y.owns_grad else y.grad.copy()
        dvalue = rest[self.key].copy() if value.requires_grad else None
        if dvalue is not None and has_repeats(self.key):
            dvalue = dvalue * self._wins(x.shape)
        rest[self.key] = 0
        return rest, dvalue

    def _wins(self, shape: tuple[int, ...]) -> Array:
        """Tell, where the key names an entry twice, which of the two assignments stayed."""
        turn = np.empty(shape, dtype=np.intp)
        order = np.arange(turn[self.key].size).reshape(turn[self.key].shape)
        turn[self.key] = order
        wins: Array = turn[self.key] == order
        return wins


def setitem(x: Tensor, key: Key, value: TensorLike) -> None:
    """Set x[key] = value, for every kind of key that NumPy knows, with broadcasting."""
    if isinstance(value, _Slice) and value.base is x and value.node.written and _same(value.key, key):
        return  # the end of `x[key] += v`, which has been written already
    key, _ = as_key(key)
    new = value.node if isinstance(value, Tensor) else constant(value, x.node.arr.dtype)
    old = x.node
    direct = _may_write_directly(x, "item assignment")
    arr = old.arr if old.written or direct else old.arr.copy()
    try:
        arr[key] = new.arr
    except ValueError:
        raise ShapeError(
            f"item assignment: expected a value of shape {arr[key].shape} (or one that broadcasts to it), "
            f"got {new.shape}."
        ) from None
    if direct:
        old.mark_written()
    else:
        if arr is old.arr:
            old.mark_written()
        _hand_over(x, attach(arr, SetitemGradFn(old, new, key)))


def add_(x: Tensor, other: TensorLike) -> Tensor:
    """Compute x += other."""
    return _update(x, other, "+=", add, np.add, AddGradFn)


def sub_(x: Tensor, other: TensorLike) -> Tensor:
    """Compute x -= other."""
    return _update(x, other, "-=", sub, np.subtract, SubGradFn)


def mul_(x: Tensor, other: TensorLike) -> Tensor:
    """Compute x *= other."""
    return _update(x, other, "*=", mul, np.multiply)


def div_(x: Tensor, other: TensorLike) -> Tensor:
    """Compute x /= other."""
    return _update(x, other, "/=", div, np.divide)


def pow_(x: Tensor, other: TensorLike) -> Tensor:
    """Compute x **= other."""
    return _update(x, other, "**=", pow, np.power)


def matmul_(x: Tensor, other: TensorLike) -> Tensor:
    """Compute x @= other."""
    return _update(x, other, "@=", matmul, np.matmul)


def _update(
    x: Tensor,
    other: TensorLike,
    name: str,
    operation: Callable[[Tensor, TensorLike], Tensor],
    ufunc: np.ufunc,
    blind_grad_fn: type[GradFn] | None = None,
) -> Tensor:
    """Do an in-place operator.

    blind_grad_fn: the rule, if it reads no values: then the old ones may be overwritten. Where a rule does
    read them (x *= w needs x), the result gets new memory, which costs no more than copying would.
    """
    old = x.node
    direct = _may_write_directly(x, name)
    if direct or (old.written and blind_grad_fn is not None):
        value = other.node if isinstance(other, Tensor) else constant(other, old.arr.dtype)
        try:
            ufunc(old.arr, value.arr, out=old.arr, casting="same_kind")
        except ValueError:
            raise _does_not_fit(name, x, value.shape) from None
        old.mark_written()
        if not direct and blind_grad_fn is not None:
            _hand_over(x, attach(old.arr, blind_grad_fn(old, value)))
        return x
    result = operation(x, other)
    if result.shape != x.shape:
        raise _does_not_fit(name, x, result.shape)
    _hand_over(x, result if result.dtype == x.dtype else astype(result, x.dtype))
    return x


def _does_not_fit(name: str, x: Tensor, got: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"x {name} y: expected an operand that broadcasts to x, of shape {x.shape}, got {got}. "
        f"Write x = x {name[:-1]} y to let x grow."
    )


def _may_write_directly(x: Tensor, what: str) -> bool:
    """Whether to overwrite a leaf's values, with no graph: a parameter under `no_grad()`."""
    if not (x.is_leaf and x.requires_grad):
        return False
    if grad_enabled():
        raise GraphError(
            f"{what}: expected a Tensor computed from others, or one that requires no gradient, got a leaf that "
            "requires one: what it was before would be lost to backward(). Write x = x + y (not x += y) to compute "
            "with it, or write within `with npt.no_grad():` to change the parameter itself."
        )
    return True


def _hand_over(x: Tensor, result: Tensor) -> None:
    """Point x to its new node; if x is a part of another Tensor, write it there too."""
    node = result.node
    node.mark_written()
    node.born = node.written
    x.node = node
    if isinstance(x, _Slice):
        setitem(x.base, x.key, Tensor.__getitem__(x, ...))


def _same(a: Any, b: Any) -> bool:
    plain = as_key(a)[1] and as_key(b)[1]
    return plain and bool(a == b)
