"""Flatten: from images to rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numpytorch.nn.module import Module

if TYPE_CHECKING:
    from numpytorch._tensor import Tensor


class Flatten(Module):
    """Join all axes but the first: (N, C, H, W) -> (N, C * H * W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x as (N, everything else)."""
        return x.reshape(len(x), math.prod(x.shape[1:]))
