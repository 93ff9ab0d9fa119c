"""What a backward pass does not need: values that no rule reads, and that no Tensor shows.

In relu(conv2d(x, w)) the rule of conv2d reads x and w, and that of relu its result. What conv2d computed is read by
neither, but the graph holds it, as long as the graph lives. Whoever holds the Tensor in between may still read it. If
nobody does, it can go.
"""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING

import numpy as np

from numpytorch._node import TensorNode

if TYPE_CHECKING:
    from numpytorch._types import Array

LARGE = 1 << 16
"""From so many bytes on, an array is worth the search."""


def free_unread(loss: TensorNode) -> None:
    """Free large values of nodes that `loss` reaches, but for what a rule reads or anything outside the graph holds.

    `grad_cnt` has been counted: so often the graph holds a node. Python's own count of what holds an object tells
    whether there is more, compared with that of a node that nothing else holds. A node that some other graph uses is
    held by that one too, and keeps its values.
    """
    nodes, read = _large(loss)
    nodes.append(TensorNode(loss.arr))  # the one that nothing else holds
    beside = [getrefcount(node) - node.grad_cnt for node in nodes]
    for node, count in zip(nodes, beside, strict=True):
        if count == beside[-1] and id(node) not in read:
            node.arr = freed(node.arr)


def _large(loss: TensorNode) -> tuple[list[TensorNode], set[int]]:
    """Return the large nodes on the way from `loss` to the leaves, and the ids of all whose values a rule reads."""
    large: list[TensorNode] = []
    reached, seen, read = [loss], {id(loss)}, set()
    while reached:
        y = reached.pop()
        grad_fn = y.grad_fn
        if grad_fn is None:
            continue
        if y is not loss and y.arr.nbytes >= LARGE:
            large.append(y)
        if grad_fn.reads_output:
            read.add(id(y))
        for x in grad_fn.parents:
            if grad_fn.reads_parents:
                read.add(id(x))
            if x.requires_grad and id(x) not in seen:
                seen.add(id(x))
                reached.append(x)
    return large, read


def freed(arr: Array) -> Array:
    """Return an array with the shape and dtype of another that takes no memory: NaN everywhere, read-only."""
    return np.broadcast_to(np.array(np.nan, arr.dtype), arr.shape)
