"""The backward engine: from a loss to the gradient of every leaf that it was computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

import numpy as np

from numpytorch._errors import GraphError, ShapeError
from numpytorch._node import WRITES
from numpytorch.autograd.grad_fn import Part
from numpytorch.autograd.memory import LARGE, free_unread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpytorch._node import TensorNode
    from numpytorch._types import Array, Shape
    from numpytorch.autograd.grad_fn import GradFn, Gradient


def propagate(loss: TensorNode, gradient: Array) -> None:
    """Add d(loss)/d(leaf), pulled back from `gradient`, to the `.grad` of every leaf that requires one.

    gradient: d(something)/d(loss), same shape and dtype as `loss.arr`.
    A node's rule runs once, when each of its consumers has delivered. Consumers are counted from the loss,
    so that a branch which the loss never uses is not waited for. Nothing here recurses.
    If a rule raises, all is as it was before.
    """
    latest = WRITES[0]
    leaves: list[tuple[TensorNode, Array | None]] = []
    try:
        if count_consumers(loss, leaves):
            free_unread(loss)
        accumulate(loss, gradient, fresh=False)
        ready = [loss] if loss.grad_fn is not None else []
        while ready:
            y = ready.pop()
            grad_fn = cast("GradFn", y.grad_fn)
            parents = grad_fn.parents
            if y.grad is None:  # every consumer said: no gradient
                gradients: Sequence[Gradient] = (None,) * len(parents)
            else:
                nodes = (*parents, y)
                if y.born < latest:  # something has been overwritten since; was it one of these?
                    nodes = tuple([_as_seen_by(y, n) for n in nodes])
                gradients = grad_fn.f_d(*nodes)
                if type(gradients) is not tuple or len(gradients) != len(parents):
                    gradients = as_tuple_of(gradients, grad_fn)
                y.grad = None
            fresh = grad_fn.fresh
            for x, dx in zip(parents, gradients, strict=True):
                if x.requires_grad:
                    if type(dx) is np.ndarray:
                        if dx.shape != x.arr.shape or dx.dtype != x.arr.dtype:
                            dx = fitted(dx, x, grad_fn)
                        accumulate(x, dx, fresh)
                    elif type(dx) is Part:
                        accumulate_part(x, dx)
                    elif dx is not None:
                        accumulate(x, fitted(dx, x, grad_fn), fresh=False)
                    x.grad_cnt -= 1
                    if x.grad_cnt == 0 and x.grad_fn is not None:
                        ready.append(x)
            gradients, dx = (), None  # what has been handed on is to live no longer than it is needed
    except BaseException:
        _forget(loss)
        for x, before in leaves:
            x.grad = before
        raise


def count_consumers(loss: TensorNode, leaves: list[tuple[TensorNode, Array | None]]) -> bool:
    """Set `grad_cnt` of every node that `loss` reaches to the number of its consumers among them.

    leaves: gets the leaves among them, with the `.grad` that they have now.
    Returns whether one of the others is large: it may be worth to look for what can be freed.
    """
    large = False
    loss.owns_grad = False
    reached = [loss]
    while reached:
        y = reached.pop()
        if y.grad_fn is not None:
            for x in y.grad_fn.parents:
                if x.requires_grad:
                    if x.grad_cnt == 0:
                        x.owns_grad = False
                        reached.append(x)
                    x.grad_cnt += 1
            if y.arr.nbytes >= LARGE:
                large = True
        else:
            leaves.append((y, y.grad))
    return large


def accumulate(x: TensorNode, dx: Array, fresh: bool) -> None:
    """Add one consumer's share to `x.grad`.

    A leaf's gradient is always an array of its own, and one that a user may hold from an earlier
    `backward()` is replaced, not changed. Within one pass, sums are made in place.
    """
    if x.grad is None:
        x.owns_grad = fresh
        if x.grad_fn is None and not fresh:
            dx = dx.copy()
            x.owns_grad = True
        x.grad = dx
    elif x.owns_grad:
        x.grad += dx
    else:
        x.grad = np.asarray(x.grad + dx)
        x.owns_grad = True


def accumulate_part(x: TensorNode, part: Part) -> None:
    """Add a gradient that is zero but at some entries, touching only those."""
    if x.grad is None:
        x.grad = np.zeros_like(x.arr)
    elif not x.owns_grad:
        x.grad = x.grad.copy()
    x.owns_grad = True
    part.add_to(x.grad)


def as_tuple_of(gradients: object, grad_fn: GradFn) -> Sequence[Gradient]:
    """Check that a rule returned one gradient a parent."""
    name, n = type(grad_fn).__name__, len(grad_fn.parents)
    if not isinstance(gradients, (tuple, list)):
        raise GraphError(
            f"{name}.f_d: expected a tuple of {n} gradient(s), one a parent, got {type(gradients).__name__}. "
            "Return a tuple, also for one parent: `return (dx,)`."
        )
    if len(gradients) != n:
        raise GraphError(
            f"{name}.f_d: expected {n} gradient(s), one for each parent given to super().__init__, "
            f"got {len(gradients)}. Return them in the order of the parents, None where there is none."
        )
    return gradients


def fitted(dx: object, x: TensorNode, grad_fn: GradFn) -> Array:
    """Give a parent's gradient the parent's shape, adding up over broadcast axes, and its dtype."""
    if not isinstance(dx, (np.ndarray, np.generic, float, int)):
        raise GraphError(
            f"{type(grad_fn).__name__}.f_d: expected an array as gradient of the parent of shape {x.shape}, "
            f"got {type(dx).__name__}. Return NumPy arrays: use `.arr` of a Tensor."
        )
    return np.asarray(fit(np.asarray(dx), x, grad_fn))


def fit(array: Array, x: TensorNode, grad_fn: GradFn) -> Array:
    """Do what `fitted` does, for an array; or for a Tensor, which knows the same methods."""
    try:
        summed = unbroadcast(array, x.shape)
    except ShapeError:
        raise ShapeError(
            f"{type(grad_fn).__name__}.f_d: expected a gradient of shape {x.shape}, that of its parent (or one "
            f"that broadcasts from it), got {array.shape}. Check the axes the rule sums over."
        ) from None
    return summed if summed.dtype == x.dtype else summed.astype(x.dtype)


def unbroadcast(array: Array, shape: Shape) -> Array:
    """Add up over the axes along which an array of `shape` was broadcast to `array.shape`."""
    if array.shape == shape:
        return array
    extra = array.ndim - len(shape)
    if extra < 0:  # x[0] = value may drop axes of length 1 in front
        array = array.reshape((1,) * -extra + array.shape)
        extra = 0
    if any(n not in (1, m) for n, m in zip(shape, array.shape[extra:], strict=True)):
        raise ShapeError(f"expected a shape that broadcasts to {array.shape}, got {shape}.")
    stretched = (i + extra for i, n in enumerate(shape) if n == 1 and array.shape[i + extra] != 1)
    summed: Array = array.sum(axis=(*range(extra), *stretched)).reshape(shape)
    return summed


def _forget(loss: TensorNode) -> None:
    """Clear what an interrupted pass left behind, so that the next one starts clean."""
    reached, seen = [loss], {id(loss)}
    while reached:
        y = reached.pop()
        y.grad_cnt = 0
        if y.grad_fn is not None:
            y.grad = None
            for x in getattr(y.grad_fn, "parents", ()):
                if x.requires_grad and id(x) not in seen:
                    seen.add(id(x))
                    reached.append(x)


def _as_seen_by(y: TensorNode, node: TensorNode) -> TensorNode:
    return cast("TensorNode", OverwrittenNode(node, y)) if node.written_since(y) else node


class OverwrittenNode:
    """Stands in for a node whose values are gone: everything about it can be read but `.arr`."""

    def __init__(self, node: TensorNode, y: TensorNode) -> None:
        self.node = node
        self.y = y

    @property
    def arr(self) -> NoReturn:
        """Raise, for the values that the operation saw are no longer there."""
        raise overwritten(self.node, self.y)

    def __getattr__(self, name: str) -> object:
        return getattr(self.node, name)


def overwritten(node: TensorNode, y: TensorNode) -> GraphError:
    """Say that the rule which made y needs a value of `node` that is gone."""
    return GraphError(
        f"backward: {type(y.grad_fn).__name__} needs the value of a tensor of shape {node.shape} as it was in the "
        f"forward pass (version {y.born}), but it has been overwritten since (version {node.memory.written}), by item "
        "assignment, an in-place operator, or `.arr = ...` (an optimizer's step). Assign before you use "
        "the value, write to a `.copy()`, or build the result with npt.stack; after step(), run forward again."
    )
