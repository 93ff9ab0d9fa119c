"""LayerNorm: give each sample mean 0 and variance 1, then let it learn others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch._errors import ShapeError
from numpytorch.functions import ones, zeros
from numpytorch.functions.fused import layer_norm
from numpytorch.nn.module import Module
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from numpytorch._tensor import Tensor


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * w + b, with mean and variance over the last axes.

    normalized_shape: the lengths of those axes; w (ones) and b (zeros) have that shape.
    Source: Ba et al. 2016, arXiv:1607.06450.
    """

    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5) -> None:
        self.shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.w = Parameter(ones(self.shape))
        self.b = Parameter(zeros(self.shape))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (..., *normalized_shape); raise ShapeError if its last axes differ."""
        if x.shape[-len(self.shape) :] != self.shape:
            raise ShapeError(f"LayerNorm: expected x with last axes {self.shape}, got shape {x.shape}.")
        return layer_norm(x, self.w, self.b, self.eps)
