"""Parameter: a Tensor that a module learns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import ShapeError
from numpytorch._tensor import Tensor
from numpytorch.functions.convert import default_dtype

if TYPE_CHECKING:
    from numpytorch._types import TensorLike


class Parameter(Tensor):
    """A Tensor that requires a gradient, and that `Module.parameters()` finds on a module's attributes."""

    __slots__ = ()

    def __init__(self, x: TensorLike | list[Any]) -> None:
        super().__init__(x, requires_grad=True)

    @staticmethod
    def new(*shape: int) -> Parameter:
        """Draw a weight from He's uniform distribution: between -b and b, b = sqrt(6 / fan_in).

        fan_in, how many inputs one output adds up: d_in for a weight (d_in, d_out), C * KH * KW for
        (F, C, KH, KW), n for (n,).
        Source: He et al. 2015, arXiv:1502.01852, equation 10, for ReLU.
        """
        if not shape or not all(_is_length(n) for n in shape):
            raise ShapeError(
                f"Parameter.new: expected one or more lengths of at least 1, as in new(784, 10), got {shape}."
            )
        fan_in = shape[0] if len(shape) <= 2 else math.prod(shape[1:])
        bound = math.sqrt(6 / fan_in)
        return Parameter(np.random.uniform(-bound, bound, shape).astype(default_dtype()))  # noqa: NPY002

    @staticmethod
    def new_scalar() -> Parameter:
        """Draw a single number from [0, 1)."""
        return Parameter(np.asarray(np.random.random_sample(), default_dtype()))  # noqa: NPY002


def _is_length(n: object) -> bool:
    return isinstance(n, int | np.integer) and bool(n >= 1)
