"""Linear: every output is a weighted sum of all inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch._errors import ShapeError
from numpytorch.functions import zeros
from numpytorch.functions.fused import linear
from numpytorch.nn.module import Module
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from numpytorch._tensor import Tensor


class Linear(Module):
    """x @ w + b, with w (d_in, d_out) drawn by `Parameter.new` and b (d_out,) zero, or None for no bias."""

    def __init__(self, d_in: int, d_out: int, bias: bool = True) -> None:
        self.w = Parameter.new(d_in, d_out)
        self.b = Parameter(zeros(d_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., d_in) to (..., d_out); raise ShapeError if the last axis is not d_in long."""
        if x.shape[-1:] != self.w.shape[:1]:
            raise ShapeError(
                f"Linear: expected x with a last axis of length d_in={self.w.shape[0]}, got shape {x.shape}. "
                "Flatten images with x.reshape(len(x), -1), or create Linear with that d_in."
            )
        return x @ self.w if self.b is None else linear(x, self.w, self.b)
