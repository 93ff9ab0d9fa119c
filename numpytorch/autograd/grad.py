"""grad: derivatives as Tensors, which can be differentiated again."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from numpytorch._errors import GraphError, ShapeError
from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.engine import as_tuple_of, fit, fitted, overwritten
from numpytorch.autograd.grad_fn import GradFn, Part, attach
from numpytorch.autograd.mode import no_grad, recording
from numpytorch.functions.convert import node_of, tensor_of
from numpytorch.functions.create import ones_like, zeros_like
from numpytorch.functions.shape import astype

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpytorch._types import Array, TensorLike


def grad(
    output: Tensor,
    inputs: Sequence[Tensor],
    gradient: TensorLike | None = None,
    *,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Compute d(output)/d(input) for each input, leaving every `.grad` alone.

    gradient: d(something)/d(output), same shape; ones if left out, which sums over a non-scalar output.
    create_graph: record the derivatives, so that they can be differentiated in turn.
    Returns one Tensor an input; where no gradient arrives, zeros, or None with allow_unused.
    The rules are those that `backward()` runs on arrays, run here on Tensors.
    """
    if isinstance(inputs, Tensor):
        raise GraphError("grad: expected a list of inputs, got one Tensor. Write grad(y, [x]), which gives (dx,).")
    upstream = ones_like(output) if gradient is None else astype(gradient, output.dtype)
    if upstream.shape != output.shape:
        raise ShapeError(f"grad: expected a gradient of shape {output.shape}, got {upstream.shape}.")
    for x in (output, *inputs):
        if not x.requires_grad:
            raise GraphError(
                f"grad: expected {'an output' if x is output else 'inputs'} with requires_grad=True, got a Tensor of "
                f"shape {x.shape} without. Make inputs with Tensor(..., requires_grad=True), then compute with them."
            )
    with nullcontext() if create_graph else no_grad():
        totals = _pull_back(output.node, upstream)
        found = [totals.get(x.node) for x in inputs]
        return tuple([
            dx.copy() if dx is not None else None if allow_unused else zeros_like(x)
            for x, dx in zip(inputs, found, strict=True)
        ])  # fmt: skip


def grad_of(f: Callable[..., Tensor], parents: Sequence[Any], y: Any) -> tuple[Any, ...]:
    """Return what a rule is to return when it runs on Tensors, for an operation that f computes with Tensor operations.

    parents, y: what the rule's `f_d` got. A fused rule, which uses what its forward pass has put aside, needs this: no
    further derivatives go through plain arrays.
    """
    with recording():
        inputs = [x.arr.copy() for x in parents]
        totals = _pull_back(f(*inputs).node, y.grad, until={x.node for x in inputs})
    return tuple([totals.get(x.node) for x in inputs])


def _pull_back(
    output: TensorNode, upstream: Tensor, until: Collection[TensorNode] = frozenset()
) -> dict[TensorNode, Tensor]:
    """Return d(output)/d(node) for the nodes on the way down to the leaves; those in `until` end it sooner."""
    totals = {output: upstream}
    for y in _consumers_first(output, until):
        if y.grad_fn is None or y not in totals:
            continue
        parents = y.grad_fn.parents
        seen: list[Any] = [_Seen(x, y) for x in (*parents, y)]
        seen[-1].grad = totals[y]
        for x, dx in zip(parents, as_tuple_of(y.grad_fn.f_d(*seen), y.grad_fn), strict=True):
            if x.requires_grad and dx is not None:
                share = _as_tensor(dx, x, y.grad_fn)
                totals[x] = totals[x] + share if x in totals else share
    return totals


def _consumers_first(output: TensorNode, until: Collection[TensorNode]) -> list[TensorNode]:
    """List the nodes that `output` reaches, each after all of its consumers; nothing beyond those in `until`."""
    order: list[TensorNode] = []
    reached, done = [(output, False)], set()
    while reached:
        y, ready = reached.pop()
        if ready:
            order.append(y)
        elif y not in done:
            done.add(y)
            reached.append((y, True))
            if y.grad_fn is not None and y not in until:
                reached.extend((x, False) for x in y.grad_fn.parents if x.requires_grad)
    return order[::-1]


def _as_tensor(dx: Any, x: TensorNode, grad_fn: GradFn) -> Tensor:
    """Give what a rule returned for x the shape and dtype of x, as a Tensor."""
    if isinstance(dx, Part):
        total = np.zeros_like(x.arr)
        Part(dx.key, node_of(dx.values).arr, dx.repeats).add_to(total)
        return attach(total, PartGradFn(node_of(dx.values), dx.key))
    if isinstance(dx, Tensor):
        return cast("Tensor", fit(cast("Any", dx), x, grad_fn))
    return Tensor(fitted(dx, x, grad_fn))


class PartGradFn(GradFn):
    """Of an array that is zero but at `key`, where values were added: the gradient at `key`."""

    def __init__(self, values: TensorNode, key: Any) -> None:
        super().__init__(values)
        self.key = key

    def f_d(self, values: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad[self.key],)


class _Seen:
    """A node as a rule sees it when it runs on Tensors."""

    owns_grad = False

    def __init__(self, node: TensorNode, y: TensorNode) -> None:
        self.node = node
        self.y = y
        self.grad: Tensor | None = None

    @property
    def arr(self) -> Tensor:
        """The values, as a Tensor whose own derivatives go on to the node's."""
        if self.node.written_since(self.y):
            raise overwritten(self.node, self.y)
        return tensor_of(self.node)

    def __getattr__(self, name: str) -> object:
        return getattr(self.node, name)
