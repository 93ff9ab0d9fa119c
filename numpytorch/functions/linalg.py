"""Products of matrices and of arrays with named axes; each beside its derivative rule."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, cast

import numpy as np

from numpytorch._errors import ShapeError
from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.functions.convert import node_of, nodes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpytorch._types import Array, TensorLike


class MatmulGradFn(GradFn):
    """(a b)' = a' b + a b': da = dy b^T, db = a^T dy."""

    fresh = True
    reads_output = False

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array | None, Array | None]:
        if a.ndim == b.ndim == 1:
            return y.grad * b.arr, y.grad * a.arr
        left = a.arr.reshape(1, -1) if a.ndim == 1 else a.arr  # (..., M, K)
        right = b.arr.reshape(-1, 1) if b.ndim == 1 else b.arr  # (..., K, N)
        dy = y.grad
        if a.ndim == 1:
            dy = dy.reshape(*dy.shape[:-1], 1, dy.shape[-1])
        if b.ndim == 1:
            dy = dy.reshape(*dy.shape, 1)  # dy: (..., M, N)
        da = db = None
        if a.requires_grad:
            da = dy @ right.swapaxes(-1, -2)  # (..., M, K)
            if a.ndim == 1:
                da = da[..., 0, :]
        if b.requires_grad:
            if right.ndim == 2 and left.ndim > 2:  # one product, not a sum of many
                left, dy = left.reshape(-1, left.shape[-1]), dy.reshape(-1, dy.shape[-1])
            db = left.swapaxes(-1, -2) @ dy  # (..., K, N)
            if b.ndim == 1:
                db = db[..., 0]
        return da, db


def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    """Multiply matrices: (..., M, K) @ (..., K, N) -> (..., M, N); leading axes broadcast.

    A 1-D operand is a row on the left and a column on the right, and that axis is dropped from the result.
    Raises ShapeError if the inner lengths differ.
    """
    left, right = nodes_of(a, b)
    try:
        return attach(np.matmul(left.arr, right.arr), MatmulGradFn(left, right))
    except ValueError:
        raise ShapeError(
            f"matmul: expected (..., M, K) @ (..., K, N), got {left.shape} @ {right.shape}. "
            "The last axis of the left operand must be as long as the last but one of the right."
        ) from None


class EinsumGradFn(GradFn):
    """The gradient to one operand is the einsum of dy with the other operands."""

    fresh = True
    reads_output = False

    def __init__(self, operands: Sequence[TensorNode], labels: list[str], out: str) -> None:
        super().__init__(*operands)
        self.labels = labels
        self.out = out

    def f_d(self, *nodes: TensorNode) -> tuple[Array | None, ...]:
        operands, dy = list(nodes[:-1]), cast("OutputNode", nodes[-1]).grad
        return tuple([self._gradient(i, operands, dy) if x.requires_grad else None for i, x in enumerate(operands)])

    def _gradient(self, i: int, operands: list[TensorNode], dy: Array) -> Array:
        labels = [self.out, *self.labels[:i], *self.labels[i + 1 :]]
        arrays = [dy, *[x.arr for x in operands[:i] + operands[i + 1 :]]]
        there = set("".join(labels))
        kept = "".join([c for c in self.labels[i] if c in there])
        dx: Array = np.einsum(",".join(labels) + "->" + kept, *arrays, optimize=True)
        # Axes that were summed over in this operand alone: the same gradient all along.
        lengths = iter(dx.shape)
        shape = tuple([next(lengths) if c in there else 1 for c in self.labels[i]])
        return np.broadcast_to(dx.reshape(shape), np.broadcast_shapes(shape, operands[i].shape)).copy()


def einsum(subscripts: str, *operands: TensorLike) -> Tensor:
    """Multiply, sum over and reorder named axes, as np.einsum does: einsum("nk,kd->nd", a, b) is a @ b."""
    nodes = [node_of(x) for x in operands]
    try:
        labels, out = _explicit(subscripts, [x.ndim for x in nodes])
        for i in range(len(nodes)):
            _split_repeats(labels, nodes, i)
        arr = np.einsum(",".join(labels) + "->" + out, *[x.arr for x in nodes], optimize=True)
    except ValueError as error:
        raise ShapeError(
            f"einsum: expected operands that fit {subscripts!r}, got {[x.shape for x in nodes]}: {error}."
        ) from None
    return attach(arr, EinsumGradFn(nodes, labels, out))


def tensordot(a: TensorLike, b: TensorLike, axes: int | tuple[int | Sequence[int], int | Sequence[int]] = 2) -> Tensor:
    """Sum products over pairs of axes: the last of a with the first of b, or those named, as np.tensordot."""
    left, right = nodes_of(a, b)
    if isinstance(axes, int):
        axes_a, axes_b = list(range(left.ndim - axes, left.ndim)), list(range(axes))
    else:
        axes_a, axes_b = ([x] if isinstance(x, int) else list(x) for x in axes)
    if len(axes_a) != len(axes_b):
        raise ShapeError(f"tensordot: expected as many axes of a as of b, got {axes_a} and {axes_b}.")
    label_a = list(string.ascii_letters[: left.ndim])
    label_b = list(string.ascii_letters[left.ndim : left.ndim + right.ndim])
    for i, j in zip(axes_a, axes_b, strict=True):
        if left.shape[i] != right.shape[j]:
            raise ShapeError(
                f"tensordot: expected paired axes of equal length, got {left.shape[i]} (axis {i} of {left.shape}) "
                f"and {right.shape[j]} (axis {j} of {right.shape})."
            )
        label_b[j] = label_a[i]
    summed = {label_a[i] for i in axes_a}
    out = "".join([c for c in label_a + label_b if c not in summed])
    labels = ["".join(label_a), "".join(label_b)]
    arr = np.tensordot(left.arr, right.arr, (axes_a, axes_b))
    return attach(arr, EinsumGradFn([left, right], labels, out))


def _explicit(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Write `...` and a left-out result as letters."""
    inputs, arrow, out = subscripts.replace(" ", "").partition("->")
    labels = inputs.split(",")
    if len(labels) != len(ndims):
        raise ValueError(f"{len(labels)} operands are named, {len(ndims)} are given")
    spare = [c for c in string.ascii_letters if c not in subscripts]
    extra = [n - len(s.replace("...", "")) for s, n in zip(labels, ndims, strict=True) if "..." in s]
    dots = spare[: max(extra, default=0)]
    if not arrow:
        letters = "".join(labels).replace("...", "")
        out = "..." * bool(extra) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    full = [s.replace("...", "".join(dots[len(dots) - (n - len(s) + 3) :])) for s, n in zip(labels, ndims, strict=True)]
    for s, n in zip(full, ndims, strict=True):
        if len(s) != n:
            raise ValueError(f"{s!r} names {len(s)} axes of an operand that has {n}")
    return full, out.replace("...", "".join(dots))


def _split_repeats(labels: list[str], nodes: list[TensorNode], i: int) -> None:
    """Write a repeated axis as a product with the identity: "ii->i" is "ij,ij->i" with an eye."""
    for k, c in enumerate(labels[i]):
        if c in labels[i][:k]:
            new = next(x for x in string.ascii_letters if x not in "".join(labels))
            labels[i] = labels[i][:k] + new + labels[i][k + 1 :]
            labels.append(c + new)
            nodes.append(TensorNode(np.eye(nodes[i].shape[k], dtype=nodes[i].dtype)))
