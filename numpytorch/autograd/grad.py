"""grad: derivatives as Tensors, which can be differentiated again."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from numpytorch._errors import GraphError, ShapeError
from numpytorch._node import TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.engine import as_tuple_of, unbroadcast
from numpytorch.autograd.grad_fn import Part, parents_of
from numpytorch.autograd.mode import no_grad
from numpytorch.functions.convert import node_of
from numpytorch.functions.create import ones_like, zeros_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpytorch._types import TensorLike


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
    upstream = ones_like(output) if gradient is None else _tensor(node_of(gradient))
    if upstream.shape != output.shape:
        raise ShapeError(f"grad: expected a gradient of shape {output.shape}, got {upstream.shape}.")
    if not output.requires_grad:
        raise GraphError("grad: expected an output that requires a gradient, got one that does not.")
    with nullcontext() if create_graph else no_grad():
        totals = _pull_back(output.node, upstream)
        return tuple([totals.get(x.node, None if allow_unused else zeros_like(x)) for x in inputs])


def _pull_back(output: TensorNode, upstream: Tensor) -> dict[TensorNode, Tensor]:
    totals = {output: upstream}
    for y in _consumers_first(output):
        if y.grad_fn is None or y not in totals:
            continue
        parents = parents_of(y.grad_fn)
        # What a rule sees: nodes whose values and upstream gradient are Tensors.
        seen: list[Any] = [_Seen(x) for x in (*parents, y)]
        seen[-1].grad = totals[y]
        for x, dx in zip(parents, as_tuple_of(y.grad_fn.f_d(*seen), y.grad_fn), strict=True):
            if x.requires_grad and dx is not None:
                share = _written_out(dx, x)
                totals[x] = totals[x] + share if x in totals else share
    return totals


def _consumers_first(output: TensorNode) -> list[TensorNode]:
    """List the nodes that `output` reaches, each after all of its consumers."""
    order: list[TensorNode] = []
    reached, done = [(output, False)], set()
    while reached:
        y, ready = reached.pop()
        if ready:
            order.append(y)
        elif y not in done:
            done.add(y)
            reached.append((y, True))
            if y.grad_fn is not None:
                reached.extend((x, False) for x in parents_of(y.grad_fn) if x.requires_grad)
    return order[::-1]


def _written_out(dx: Any, x: TensorNode) -> Tensor:
    """Give a gradient its parent's shape, as a Tensor."""
    if isinstance(dx, Part):
        total = zeros_like(x.arr)
        if dx.repeats:
            return _add_at(total, dx)
        total[dx.key] = dx.values
        return total
    fitted: Any = unbroadcast(dx, x.shape)
    return fitted if isinstance(fitted, Tensor) else Tensor(fitted)


def _add_at(total: Tensor, part: Part) -> Tensor:
    """Add up what indexing with repeats hands back: one entry at a time, for each may be hit twice."""
    values: Any = part.values
    places = (0 * total).node.arr.astype(int)  # which entry of the flat array each value goes to
    places.ravel()[:] = range(places.size)
    targets = places[part.key].ravel()
    flat = total.reshape(-1)
    for place, value in zip(targets.tolist(), values.reshape(-1), strict=True):
        flat[place] = flat[place] + value
    return flat.reshape(total.shape)


class _Seen:
    """A node as a rule sees it when it runs on Tensors."""

    owns_grad = False

    def __init__(self, node: TensorNode) -> None:
        if node.written > node.born:
            raise GraphError(
                f"grad: expected the values of the forward pass, got a Tensor of shape {node.shape} that has been "
                "overwritten since. Run the forward pass again."
            )
        self.arr = _tensor(node)
        self.grad: Tensor | None = None
        self.requires_grad = node.requires_grad
        self.shape, self.ndim, self.size, self.dtype = node.shape, node.ndim, node.size, node.dtype


def _tensor(node: TensorNode) -> Tensor:
    tensor = Tensor.__new__(Tensor)
    tensor.node = node
    return tensor
