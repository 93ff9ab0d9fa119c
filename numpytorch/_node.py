"""TensorNode: one vertex of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from numpytorch._types import Array, Shape
    from numpytorch.autograd.grad_fn import GradFn

WRITES = [0]
"""The version counter: how many times any array has been overwritten so far."""


class TensorNode:
    """One value in the graph, and how it came to be.

    A `Tensor` is a handle that a user holds; it points to a node. Item assignment points the handle to a
    new node and leaves the old one to the graph, which is how `out[i] = f(w)` can have a gradient.
    A node knows its parents (through `grad_fn`) and never its consumers, so a graph has no cycles and is
    freed as soon as its last tensor is dropped.

    arr: the values.
    grad: d(loss)/d(arr), same shape and dtype; on a leaf after `backward()`, else only while it runs.
    grad_fn: the operation that made it; None for a leaf.
    requires_grad: whether a gradient is wanted here, or at anything it was made from.
    grad_cnt: while `backward()` runs, how many consumers have yet to deliver their share of `grad`.
    owns_grad: while `backward()` runs, whether nothing else can see `grad`, so that it may be overwritten.
    in_place: whether a write may go straight into `arr`: it is memory that an earlier write took for itself.
    born: the version counter when the node was made.
    written: the version counter when `arr` was last overwritten, 0 for never. A consumer born before that
        has been robbed of the value that it saw.
    view_of: the node whose memory `arr` shows, if not its own; it keeps `written` for both.
    """

    __slots__ = (
        "arr", "born", "grad", "grad_cnt", "grad_fn", "in_place", "owns_grad", "requires_grad", "view_of", "written",
    )  # fmt: skip

    def __init__(self, arr: Array, requires_grad: bool = False, grad_fn: GradFn | None = None) -> None:
        self.arr = arr
        self.grad: Array | None = None
        self.grad_fn = grad_fn
        self.requires_grad = requires_grad
        self.grad_cnt = 0
        self.owns_grad = False
        self.in_place = False
        self.born = WRITES[0]
        self.written = 0
        self.view_of: TensorNode | None = None

    @property
    def is_leaf(self) -> bool:
        """Whether no operation on record made this node: `backward()` stops here."""
        return self.grad_fn is None

    @property
    def shape(self) -> Shape:
        """The length of each axis."""
        return self.arr.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.arr.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.arr.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self.arr.dtype

    def mark_written(self) -> None:
        """Note that `arr` has just been overwritten: what was computed from it before is out of date."""
        WRITES[0] += 1
        self.memory.written = WRITES[0]

    def replace(self, arr: Array, in_place: bool) -> None:
        """Show another array, which nothing else shows, from now on."""
        self.arr = arr
        self.in_place = in_place
        self.view_of = None
        self.mark_written()

    @property
    def memory(self) -> TensorNode:
        """The node that the memory of `arr` belongs to."""
        return self.view_of or self

    def written_since(self, y: TensorNode) -> bool:
        """Whether `arr` has been overwritten since the node y was made."""
        return self.memory.written > y.born

    def __repr__(self) -> str:
        made_by = "leaf" if self.grad_fn is None else type(self.grad_fn).__name__
        return f"TensorNode({made_by}, shape={self.shape}, dtype={self.dtype}, requires_grad={self.requires_grad})"


class OutputNode(TensorNode):
    """The last argument of `GradFn.f_d`: the node that the operation made, when its gradient has arrived.

    It exists for the type checker: a rule that declares `y: OutputNode` may use `y.grad` as an array.
    """

    __slots__ = ()
    grad: Array
