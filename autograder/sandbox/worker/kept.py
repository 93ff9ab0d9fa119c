"""Kept: what a call may change, to be put back after calls that are made for advice only."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.sandbox.worker.find import find_tensors
from numpytorch import nn

if TYPE_CHECKING:
    from autograder.sandbox.messages import Array
    from numpytorch import Tensor
    from numpytorch._node import TensorNode


@dataclass(frozen=True, slots=True)
class _One:
    tensor: Tensor
    node: TensorNode
    arr: Array
    values: Array
    requires_grad: bool
    grad: Array | None


class Kept:
    """An object and its modules: attributes, Tensors, their values and gradients; and the random generators."""

    def __init__(self, root: object) -> None:
        self.tensors = find_tensors(root)
        modules = [*root.modules()] if isinstance(root, nn.Module) else [root]
        self._attributes = [(vars(module), dict(vars(module))) for module in modules if hasattr(module, "__dict__")]
        nodes = [(tensor, tensor.node) for tensor in self.tensors.values()]
        self._ones = [_One(t, n, n.arr, n.arr.copy(), n.requires_grad, n.grad) for t, n in nodes]
        self._generators: tuple[Any, Any] = random.getstate(), np.random.get_state()  # noqa: NPY002 (the library's own)

    def restore_values(self) -> None:
        """Put attributes and values back, and draw the same random numbers again."""
        for attributes, before in self._attributes:
            attributes.clear()
            attributes.update(before)
        for one in self._ones:
            one.tensor.node, one.node.arr, one.node.requires_grad = one.node, one.arr, one.requires_grad
            if one.arr.flags.writeable:
                one.arr[...] = one.values
        random.setstate(self._generators[0])
        np.random.set_state(self._generators[1])  # noqa: NPY002 (as above)

    def restore(self) -> None:
        """Put all back."""
        self.restore_values()
        for one in self._ones:
            one.node.grad = one.grad
