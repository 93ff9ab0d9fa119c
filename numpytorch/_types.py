"""The types that signatures in this library are written with."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpytorch._tensor import Tensor

Array: TypeAlias = NDArray[Any]
"""An array of values, with no graph."""

Scalar: TypeAlias = bool | int | float
TensorLike: TypeAlias = Union["Tensor", Array, Scalar]
"""What an operation takes: a Tensor, or values that it treats as a constant."""

Shape: TypeAlias = tuple[int, ...]
Axis: TypeAlias = int | tuple[int, ...] | None
"""One axis, several, or None for all of them; negative ones count from the end."""

_Index: TypeAlias = Union[int, slice, EllipsisType, Array, list[int], list[bool], "Tensor", None]
Key: TypeAlias = _Index | tuple[_Index, ...]
"""What may stand between the brackets of `x[...]`."""
