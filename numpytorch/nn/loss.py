"""Losses: how far an output is from what it should be, as one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch._errors import DtypeError, ShapeError
from numpytorch._tensor import Tensor
from numpytorch.functions import mean, sum
from numpytorch.functions.fused import Reduction as Reduction
from numpytorch.functions.fused import cross_entropy
from numpytorch.nn.module import Module

if TYPE_CHECKING:
    from numpytorch._types import Array


class _Loss(Module):
    def __init__(self, reduction: Reduction = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{type(self).__name__}: expected reduction 'mean', 'sum' or 'none', got {reduction!r}.")
        self.reduction = reduction

    def reduce(self, losses: Tensor) -> Tensor:
        """Average or add up the losses, or leave them."""
        if self.reduction == "none":
            return losses
        return mean(losses) if self.reduction == "mean" else sum(losses)


class CrossEntropyLoss(_Loss):
    """-log softmax(logits)[label], averaged over the batch (or added up, or left, by `reduction`)."""

    def forward(self, logits: Tensor, labels: Tensor | Array) -> Tensor:
        """Compute the loss of logits (N, C), which are not passed through softmax, with integer labels (N,).

        Its gradient is (softmax(logits) - one_hot(labels)) / N. Exact for logits of any size.
        Raises ShapeError or DtypeError if the labels do not fit.
        """
        index: Array = labels.arr if isinstance(labels, Tensor) else np.asarray(labels)
        if index.dtype.kind not in "iu":
            raise DtypeError(
                f"CrossEntropyLoss: expected integer labels of shape (N,), got {index.dtype} of shape {index.shape}. "
                "Pass class numbers, not one-hot rows: labels.argmax(-1) turns rows into numbers."
            )
        if logits.ndim != 2 or index.shape != logits.shape[:1]:
            raise ShapeError(
                f"CrossEntropyLoss: expected logits (N, C) and labels (N,), got {logits.shape} and {index.shape}. "
                "Flatten the labels with labels.reshape(-1), or what comes before the logits with nn.Flatten()."
            )
        n, classes = logits.shape
        if n and not (index.min() >= 0 and index.max() < classes):
            raise ShapeError(
                f"CrossEntropyLoss: expected labels from 0 to {classes - 1}, for logits {logits.shape}, "
                f"got {index.min()} to {index.max()}."
            )
        return cross_entropy(logits, index, self.reduction)


class MSELoss(_Loss):
    """(prediction - target)^2, averaged over all entries (or added up, or left, by `reduction`)."""

    def forward(self, prediction: Tensor, target: Tensor | Array) -> Tensor:
        """Compute the loss of two Tensors of the same shape; raise ShapeError if they differ."""
        target = target if isinstance(target, Tensor) else np.asarray(target)
        if prediction.shape != target.shape:
            raise ShapeError(
                f"MSELoss: expected prediction and target of one shape, got {prediction.shape} and {target.shape}."
            )
        error = prediction - target
        return self.reduce(error * error)
