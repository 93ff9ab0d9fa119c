"""Making Tensors from values, and filled ones. Random ones follow `np.random.seed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import DtypeError, ShapeError
from numpytorch._tensor import Tensor
from numpytorch.functions.convert import default_dtype, node_of

if TYPE_CHECKING:
    from numpytorch._types import Shape, TensorLike


def tensor(v: TensorLike | list[Any] | tuple[Any, ...], requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Make a new leaf with a copy of the values of v: a number, nested lists, an array or a Tensor."""
    x = Tensor(v)
    return Tensor(x if dtype is None else x.arr.astype(dtype), requires_grad)


def zeros(*shape: int | Shape, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Make a Tensor of zeros: zeros((2, 3)) and zeros(2, 3) are the same."""
    return Tensor(np.zeros(_shape(shape), dtype or default_dtype()), requires_grad)


def ones(*shape: int | Shape, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Make a Tensor of ones: ones((2, 3)) and ones(2, 3) are the same."""
    return Tensor(np.ones(_shape(shape), dtype or default_dtype()), requires_grad)


def full(shape: int | Shape, value: float, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Make a Tensor with the same value everywhere."""
    return Tensor(np.full(shape, value, dtype or default_dtype()), requires_grad)


def rand(*shape: int | Shape, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Draw each entry uniformly from [0, 1)."""
    return Tensor(np.random.random_sample(_shape(shape)).astype(dtype or default_dtype()), requires_grad)  # noqa: NPY002


def randn(*shape: int | Shape, requires_grad: bool = False, dtype: Any = None) -> Tensor:
    """Draw each entry from the standard normal distribution."""
    return Tensor(np.random.standard_normal(_shape(shape)).astype(dtype or default_dtype()), requires_grad)  # noqa: NPY002


def zeros_like(x: TensorLike, dtype: Any = None, shape: Shape | None = None) -> Tensor:
    """Make a Tensor of zeros with the dtype and shape of x, or another."""
    return Tensor(np.zeros(node_of(x).shape if shape is None else shape, dtype or node_of(x).dtype))


def ones_like(x: TensorLike, dtype: Any = None, shape: Shape | None = None) -> Tensor:
    """Make a Tensor of ones with the dtype and shape of x, or another."""
    return Tensor(np.ones(node_of(x).shape if shape is None else shape, dtype or node_of(x).dtype))


def one_hot(labels: TensorLike, num_classes: int | None = None) -> Tensor:
    """Make a row for each label, with 1 at the label and 0 elsewhere.

    labels: integers 0..num_classes-1 of any shape (...). Returns (..., num_classes), in the default dtype.
    num_classes: the largest label plus one if left out.
    """
    values = node_of(labels).arr
    if values.dtype.kind not in "iu":
        raise DtypeError(f"one_hot: expected integer labels, got {values.dtype}. Use `.astype(np.int64)`.")
    n = (int(values.max()) + 1 if values.size else 0) if num_classes is None else num_classes
    if values.size and not (values.min() >= 0 and values.max() < n):
        raise ShapeError(f"one_hot: expected labels from 0 to {n - 1}, got {values.min()} to {values.max()}.")
    return Tensor(np.eye(n, dtype=default_dtype())[values])


def _shape(shape: tuple[int | Shape, ...]) -> Any:
    return shape[0] if len(shape) == 1 else shape
