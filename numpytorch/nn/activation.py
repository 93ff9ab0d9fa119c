"""Activation functions as modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch.functions import relu, sigmoid, tanh
from numpytorch.nn.module import Module

if TYPE_CHECKING:
    from numpytorch._tensor import Tensor


class ReLU(Module):
    """max(x, 0), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(x), of the shape of x."""
        return relu(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x)), entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """Return sigmoid(x), of the shape of x."""
        return sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """Return tanh(x), of the shape of x."""
        return tanh(x)
