"""Dropout: train on random parts of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.nn.module import Module

if TYPE_CHECKING:
    from numpytorch._tensor import Tensor


class Dropout(Module):
    """In training, set each entry to 0 with probability p and divide the others by 1 - p; else change nothing.

    Source: Srivastava et al. 2014, JMLR 15. Draws follow `np.random.seed`.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: expected 0 <= p < 1, got p={p}.")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return x with some entries dropped, of the same shape."""
        if not self.training or self.p == 0:
            return x
        kept = np.random.random_sample(x.shape) >= self.p  # noqa: NPY002
        return x * (kept / (1 - self.p)).astype(x.dtype)

    def extra_repr(self) -> str:
        """Show p."""
        return f"p={self.p}"
