"""From what a caller passes to the nodes that an operation works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from numpytorch._errors import DtypeError, ShapeError
from numpytorch._node import TensorNode
from numpytorch._tensor import Tensor

if TYPE_CHECKING:
    from numpytorch._types import Array, Axis, TensorLike

_default: list[np.dtype[Any]] = [np.dtype(np.float64)]


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype of what is made from Python floats, and by `zeros`, `ones`, `rand`, `Parameter.new`, ...

    float64, NumPy's own, to begin with: gradients can then be checked by finite differences.
    float32 halves the memory and doubles the speed of training.
    """
    new = np.dtype(dtype)
    if new.kind != "f":
        raise DtypeError(f"set_default_dtype: expected a floating-point dtype, got {new}. Use np.float32.")
    _default[0] = new


def default_dtype() -> np.dtype[Any]:
    """Return the dtype that `set_default_dtype` set."""
    return _default[0]


def tensor_of(node: TensorNode) -> Tensor:
    """Return a new handle on a node."""
    tensor = Tensor.__new__(Tensor)
    tensor.node = node
    return tensor


def node_of(x: TensorLike) -> TensorNode:
    """Return the node of a Tensor, or a new one that holds a constant."""
    return x.node if isinstance(x, Tensor) else constant(x, None)


def nodes_of(a: TensorLike, b: TensorLike) -> tuple[TensorNode, TensorNode]:
    """Return the nodes of two operands. A Python number takes the dtype of the other one."""
    if isinstance(a, Tensor):
        return a.node, b.node if isinstance(b, Tensor) else constant(b, a.node.arr.dtype)
    if isinstance(b, Tensor):
        return constant(a, b.node.arr.dtype), b.node
    return constant(a, None), constant(b, None)


def constant(value: Any, like: np.dtype[Any] | None) -> TensorNode:
    """Make a node of a number or an array: a copy, for the caller may change the array before backward."""
    return TensorNode(constant_array(value, like, copy=True))


def constant_array(value: Any, like: np.dtype[Any] | None, copy: bool = False) -> Array:
    """Make an array of a number (which takes the dtype `like` if that can hold it), an array or a list."""
    if isinstance(value, float | int | np.integer):
        if like is None:
            return np.asarray(value, dtype=default_dtype() if isinstance(value, float) else None)
        return np.array(value, dtype=like if like.kind == "f" else np.result_type(like, value))
    if isinstance(value, np.ndarray | np.generic | list | tuple):
        arr = np.array(value) if copy else np.asarray(value)
        if arr.dtype.kind in "fiub":
            return arr
        raise DtypeError(f"expected an operand of real numbers, got {type(value).__name__} of dtype {arr.dtype}.")
    raise DtypeError(f"expected a Tensor, an array or a number as operand, got {type(value).__name__}: {value!r:.80}.")


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes that an `axis` argument names, none of them negative; raise AxisError for one too many."""
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)


def compare(ufunc: np.ufunc, a: Any, b: Any) -> Array:
    """Compare entry by entry, as arrays of bool; what is no number is equal to nothing."""
    try:
        left, right = nodes_of(a, b)
    except DtypeError:
        if ufunc in (np.equal, np.not_equal):
            return np.full(np.shape(a if isinstance(a, Tensor) else b), ufunc is np.not_equal)
        raise
    try:
        return np.asarray(ufunc(left.arr, right.arr))
    except ValueError:
        raise ShapeError(
            f"{ufunc.__name__}: expected shapes that broadcast together, got {left.shape} and {right.shape}."
        ) from None
