"""Reading a part of a Tensor: `x[key]`."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor, _Slice
from numpytorch.autograd.grad_fn import GradFn, Part, attach

if TYPE_CHECKING:
    from numpytorch._types import Key

_PLAIN = (int, slice, EllipsisType, type(None), np.integer)


class GetitemGradFn(GradFn):
    """The gradient at `key`, and zero elsewhere."""

    reads_parents = False
    reads_output = False

    def __init__(self, x: TensorNode, key: Key, repeats: bool) -> None:
        super().__init__(x)
        self.key = key
        self.repeats = repeats

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Part]:
        return (Part(self.key, y.grad, self.repeats),)


def getitem(x: Tensor, key: Key) -> Tensor:
    """Read x[key], for every kind of key that NumPy knows. Entries read twice get both gradients."""
    key, plain = as_key(key)
    node = x.node
    if not plain:
        return attach(node.arr[key], GetitemGradFn(node, key, repeats=has_repeats(key)))
    part = _Slice.__new__(_Slice)
    part.node = attach(node.arr[key], GetitemGradFn(node, key, repeats=False)).node
    part.base = x
    part.key = key
    part.seen = node, node.memory.written
    return part


def as_key(key: Key) -> tuple[Any, bool]:
    """Return a key for NumPy, and whether it is plain: only ints, slices, `None` and `...`, no arrays."""
    if isinstance(key, tuple):
        if all(isinstance(k, _PLAIN) and not isinstance(k, bool) for k in key):
            return key, True
        return tuple([_index(k) for k in key]), False
    if isinstance(key, _PLAIN) and not isinstance(key, bool):
        return key, True
    return _index(key), False


def has_repeats(key: Any) -> bool:
    """Whether a key could name an entry twice: not if it is plain, or one mask."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(k, np.ndarray) and k.dtype != np.bool_ for k in parts)


def _index(k: Any) -> Any:
    if isinstance(k, _PLAIN) and not isinstance(k, bool):
        return k
    if isinstance(k, Tensor):
        return k.node.arr.copy()
    return np.array(k) if np.size(k) or isinstance(k, np.ndarray) else np.empty(np.shape(k), np.intp)
