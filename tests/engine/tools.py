"""Making inputs, and reading gradients as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch import Tensor

if TYPE_CHECKING:
    from numpytorch._types import Array


def leaf(*values: float) -> Tensor:
    """Make a vector that requires a gradient."""
    return Tensor(np.array(values, np.float64), requires_grad=True)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Draw a Tensor that requires a gradient."""
    return Tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def grad_of(x: Tensor) -> Array:
    """Return x.grad, which must be there: an array like x."""
    assert type(x.grad) is np.ndarray
    assert x.grad.shape == x.shape
    assert x.grad.dtype == x.dtype
    return x.grad
