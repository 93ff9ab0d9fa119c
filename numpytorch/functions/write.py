"""Writing to a Tensor: `x[key] = value` and the in-place operators, with gradients.

A Tensor is a handle on a node, and a node is a value. Writing gives the handle a new node; the old one stays
in the graph for whoever used it. The first write to a Tensor gives it memory of its own, later writes use
that memory again: filling an array piece by piece costs the pieces, not a copy of the whole each time. The
version counter (`TensorNode.written`) notices if `backward()` then needs a value that is no longer there.
Under `no_grad()`, what requires a gradient keeps its node and its graph, and only the values change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import DtypeError, GraphError, ShapeError
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
    reads_parents = False
    reads_output = False

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
    if isinstance(value, _Slice) and value.base is x and value.seen == _state(x) and _same(value.key, key):
        return  # the end of `x[key] += v`, which has been written already
    _write(x, as_key(key)[0], value.node if isinstance(value, Tensor) else constant(value, x.node.arr.dtype))


def _write(x: Tensor, key: Any, value: TensorNode) -> None:
    direct = _prepare(x, "item assignment")
    old = x.node
    arr = old.arr if old.in_place else old.arr.copy()
    try:
        arr[key] = value.arr
    except ValueError:
        raise ShapeError(
            f"item assignment: expected a value of shape {arr[key].shape} (or one that broadcasts to it), "
            f"got {value.shape}."
        ) from None
    if old.in_place:
        old.mark_written()
    _settle(x, old if direct else attach(arr, SetitemGradFn(old, value, key)).node)


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
    direct = _prepare(x, f"x {name} y")
    old = x.node
    if direct or (old.in_place and blind_grad_fn is not None):
        value = other.node if isinstance(other, Tensor) else constant(other, old.arr.dtype)
        try:
            ufunc(old.arr, value.arr, out=old.arr, casting="same_kind")
        except ValueError:
            raise _does_not_fit(name, x, value.shape) from None
        except TypeError:
            raise _does_not_hold(name, x, value.dtype) from None
        old.mark_written()
        _settle(x, old if direct or blind_grad_fn is None else attach(old.arr, blind_grad_fn(old, value)).node)
        return x
    result = operation(x, other)
    if result.shape != x.shape:
        raise _does_not_fit(name, x, result.shape)
    if not np.can_cast(result.dtype, x.dtype, "same_kind"):
        raise _does_not_hold(name, x, result.dtype)
    _settle(x, (result if result.dtype == x.dtype else astype(result, x.dtype)).node)
    return x


def _does_not_fit(name: str, x: Tensor, got: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        f"x {name} y: expected an operand that broadcasts to x, of shape {x.shape}, got {got}. "
        f"Write x = x {name[:-1]} y to let x grow."
    )


def _does_not_hold(name: str, x: Tensor, got: np.dtype[Any]) -> DtypeError:
    return DtypeError(
        f"x {name} y: expected a result that x, of {x.dtype}, can hold, got {got}. "
        f"Write x = x {name[:-1]} y, or make x with `.astype({got})`."
    )


def _prepare(x: Tensor, what: str) -> bool:
    """Get x ready to be written to. Return whether to change only its values: what has a graph, under `no_grad()`."""
    _refresh(x)
    if not x.requires_grad:
        return False
    if not grad_enabled():
        if not x.node.in_place:
            x.node.replace(x.node.arr.copy(), in_place=True)
        return True
    if x.is_leaf:
        raise GraphError(
            f"{what}: expected a Tensor computed from others, or one that requires no gradient, got a leaf that "
            "requires one: what it was before would be lost to backward(). To compute with it, write to a copy "
            "(y = x.copy()); to change the parameter itself, write within `with npt.no_grad():`."
        )
    return False


def _refresh(x: Tensor) -> None:
    """Read a part of another Tensor again if that has been written to: the rest of it is to stay as it is now."""
    if isinstance(x, _Slice):
        _refresh(x.base)
        if x.seen != _state(x.base):
            x.node = x.base[x.key].node
            x.seen = _state(x.base)


def _state(x: Tensor) -> tuple[TensorNode, int]:
    return x.node, x.node.memory.written


def _settle(x: Tensor, node: TensorNode) -> None:
    """Point x to what has been written; if x is a part of another Tensor, write it there too."""
    x.node = node
    node.in_place = True
    if isinstance(x, _Slice):
        _write(x.base, x.key, x.node)
        x.seen = _state(x.base)


def _same(a: Any, b: Any) -> bool:
    plain = as_key(a)[1] and as_key(b)[1]
    return plain and bool(a == b)
