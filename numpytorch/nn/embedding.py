"""Embedding: a learned vector for each of n things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch._errors import DtypeError, ShapeError
from numpytorch._tensor import Tensor
from numpytorch.functions import randn
from numpytorch.nn.module import Module
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from numpytorch._types import Array


class Embedding(Module):
    """Look up rows of w (num_embeddings, embedding_dim), drawn from the standard normal distribution."""

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        self.w = Parameter(randn(num_embeddings, embedding_dim))

    def forward(self, ids: Tensor | Array) -> Tensor:
        """Map integer ids (...) to (..., embedding_dim); raise ShapeError if an id is out of range."""
        index: Array = ids.arr if isinstance(ids, Tensor) else np.asarray(ids)
        n = self.w.shape[0]
        if index.dtype.kind not in "iu":
            raise DtypeError(f"Embedding: expected integer ids, got {index.dtype}.")
        if index.size and not (index.min() >= 0 and index.max() < n):
            raise ShapeError(f"Embedding: expected ids from 0 to {n - 1}, got {index.min()} to {index.max()}.")
        return self.w[index]
