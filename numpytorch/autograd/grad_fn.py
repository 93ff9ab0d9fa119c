"""GradFn: the derivative rule of one operation. Subclass it to write an operation of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from numpytorch._errors import DtypeError, GraphError
from numpytorch._node import TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.mode import grad_enabled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpytorch._types import Array, Key


class Part:
    """A gradient that is zero but at `key`, where it is `values`: what indexing hands back.

    Reading ten rows one by one then costs the backward pass ten rows, not ten arrays of zeros.
    repeats: whether `key` may name an entry twice, whose gradients then add up.
    """

    __slots__ = ("key", "repeats", "values")

    def __init__(self, key: Key, values: Array, repeats: bool) -> None:
        self.key: Any = key
        self.values = values
        self.repeats = repeats

    def add_to(self, total: Array) -> None:
        """Add this gradient to one that is written out in full."""
        if self.repeats:
            np.add.at(total, self.key, self.values)
        else:
            total[self.key] += self.values


Gradient: TypeAlias = "Array | Part | None"
"""What a rule returns for one parent."""


class GradFn:
    """How gradients go back through one operation, and which nodes it was computed from.

    Write a subclass whose `f_d` is the rule, compute the result with NumPy, and join the two:

        class SquareGradFn(GradFn):
            def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
                return (y.grad * 2 * x.arr,)

        def square(x: Tensor) -> Tensor:
            return attach(x.arr**2, SquareGradFn(x))

    A subclass that needs more than its parents (a stride, an axis) keeps it in an `__init__` of its own
    that calls `super().__init__(*parents)`.
    """

    parents: tuple[TensorNode, ...]

    fresh: ClassVar[bool] = False
    """Promise that `f_d` returns new arrays that nothing else holds. Saves a copy; never needed to be right."""

    reads_parents: ClassVar[bool] = True
    reads_output: ClassVar[bool] = True
    """Whether `f_d` reads `.arr` of its parents, and of `y`. False is a promise, which frees values that nobody needs
    when `backward()` starts (see `numpytorch.autograd.memory`). Saves memory; never needed to be right."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A rule that is written anew has promised nothing about what it reads."""
        super().__init_subclass__(**kwargs)
        if "f_d" in vars(cls):
            cls.reads_parents = vars(cls).get("reads_parents", True)
            cls.reads_output = vars(cls).get("reads_output", True)

    def __init__(self, *parents: Tensor | TensorNode) -> None:
        nodes: Any = parents
        for p in parents:
            if type(p) is not TensorNode:
                nodes = tuple([self._node(p) for p in parents])
                break
        self.parents = nodes

    def f_d(self, *nodes: Any, **_: Any) -> Sequence[Gradient]:
        """Give d(loss)/d(parent) for each parent, from d(loss)/d(y).

        nodes: the parents in the order `__init__` got them, then the output `y`. Read values from `.arr`,
        the upstream gradient from `y.grad` (same shape and dtype as `y.arr`); change neither.
        Returns one array a parent, of the shape that the operation broadcast it to (the engine adds up
        over broadcast axes), or None where there is no gradient. Write it in array expressions
        (`np.exp(x.arr)`, `x.arr * y.grad`): they also run on Tensors, which gives second derivatives.
        """
        raise NotImplementedError(
            f"{type(self).__name__}.f_d: expected a rule f_d(self, *parents, y), got none. "
            "Define it to return one gradient array a parent."
        )

    def _node(self, parent: object) -> TensorNode:
        if isinstance(parent, TensorNode | Tensor):
            return parent.node if isinstance(parent, Tensor) else parent
        raise DtypeError(
            f"{type(self).__name__}: expected Tensors as parents in super().__init__(...), got "
            f"{type(parent).__name__}. Pass only the Tensors, and keep anything else as an attribute of its own."
        )


def attach(arr: Array, grad_fn: GradFn) -> Tensor:
    """Make the Tensor that `grad_fn`'s operation computed, joined to the graph.

    arr: the result, which the Tensor keeps without a copy, unless it shows memory that a parent is written to.
    It requires a gradient if *any* of grad_fn's parents does, and gradients are enabled (see `no_grad`);
    otherwise it is a plain Tensor and the rule is dropped.
    """
    if type(arr) is not np.ndarray:
        arr = np.asarray(arr)
    try:
        parents = grad_fn.parents
    except AttributeError:
        name = type(grad_fn).__name__
        raise GraphError(
            f"{name}: expected its parents, got none. Call super().__init__(x, w, ...) with every input Tensor "
            f"in {name}.__init__."
        ) from None
    node = TensorNode(arr)
    if arr.base is not None:
        _share(node, parents)
    if grad_enabled():
        for parent in parents:
            if parent.requires_grad:
                if arr.dtype.kind != "f":
                    raise DtypeError(
                        f"{type(grad_fn).__name__}: expected a floating-point result, got {arr.dtype}: "
                        "integers have no gradient. Compute it in float32 or float64, or from `.detach()`."
                    )
                node.grad_fn = grad_fn
                node.requires_grad = True
                break
    tensor = Tensor.__new__(Tensor)
    tensor.node = node
    return tensor


def _share(node: TensorNode, parents: tuple[TensorNode, ...]) -> None:
    """Where a result shows the memory of a parent, share its version counter; where that is written to, copy."""
    for parent in parents:
        if np.may_share_memory(node.arr, parent.arr):
            if parent.in_place:
                node.arr = node.arr.copy()
                return
            node.view_of = parent.memory
