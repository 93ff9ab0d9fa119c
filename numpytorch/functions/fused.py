"""What layers and losses compute, as one operation each: one node instead of several, and fewer passes over arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from numpytorch.autograd.fused import FusedGradFn
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.functions.elementwise import sqrt
from numpytorch.functions.reduce import log_softmax, mean, sum

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array

Reduction: TypeAlias = Literal["mean", "sum", "none"]


class LinearGradFn(GradFn):
    """y = x w + b: dx = dy w^T, dw = x^T dy, and db the sum of dy over all samples."""

    fresh = True
    reads_output = False

    def f_d(self, x: TensorNode, w: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array | None, ...]:
        rows = y.grad.reshape(-1, w.shape[1])  # (..., d_out) -> (M, d_out)
        dx = y.grad @ w.arr.T if x.requires_grad else None
        dw = x.arr.reshape(-1, w.shape[0]).T @ rows if w.requires_grad else None
        db = np.ones(len(rows), rows.dtype) @ rows if b.requires_grad else None  # a sum over rows takes twice as long
        return dx, dw, db


def linear(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Compute x w + b: x (..., d_in), w (d_in, d_out), b (d_out,) -> (..., d_out)."""
    y = x.arr @ w.arr
    y = np.add(y, b.arr, out=y if y.dtype == b.dtype else None)
    return attach(y, LinearGradFn(x, w, b))


class CrossEntropyGradFn(FusedGradFn):
    """To the logits, softmax(logits) - one_hot(labels), times the gradient of each sample's loss."""

    reads_output = False

    def __init__(self, logits: Tensor, labels: Array, reduction: Reduction, probabilities: Array) -> None:
        super().__init__(logits)
        self.labels = labels
        self.reduction = reduction
        self.probabilities = probabilities

    def pull_back(self, logits: TensorNode, y: OutputNode) -> tuple[Array]:
        dlosses = np.broadcast_to(y.grad / len(self.labels) if self.reduction == "mean" else y.grad, self.labels.shape)
        dlogits = self.probabilities * dlosses[:, None]
        dlogits[np.arange(len(self.labels)), self.labels] -= dlosses
        return (dlogits,)

    def composed(self, *inputs: Tensor) -> Tensor:
        losses = -log_softmax(inputs[0])[np.arange(len(self.labels)), self.labels]
        return losses if self.reduction == "none" else mean(losses) if self.reduction == "mean" else sum(losses)


def cross_entropy(logits: Tensor, labels: Array, reduction: Reduction = "mean") -> Tensor:
    """Compute -log softmax(logits)[label] for logits (N, C) and integer labels (N,), and average or add up, or neither.

    Without overflow, and exact, for logits of any size.
    """
    labels = labels.copy()  # the caller may change the array before backward
    shifted = logits.arr - logits.arr.max(axis=1, keepdims=True)
    right = shifted[np.arange(len(labels)), labels]
    probabilities = np.exp(shifted, out=shifted)
    totals = probabilities.sum(axis=1)
    probabilities /= totals[:, None]
    losses = np.log(totals) - right
    y = losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()
    return attach(y, CrossEntropyGradFn(logits, labels, reduction, probabilities))


class LayerNormGradFn(FusedGradFn):
    """With x^ the normalised x and g = w dy: dx = (g - mean(g) - x^ mean(g x^)) / sqrt(var + eps)."""

    reads_output = False

    def __init__(self, x: Tensor, w: Tensor, b: Tensor, eps: float, normalised: Array, scale: Array) -> None:
        super().__init__(x, w, b)
        self.eps = eps
        self.normalised = normalised
        self.scale = scale  # 1 / sqrt(var + eps)

    def pull_back(self, x: TensorNode, w: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array | None, ...]:
        dx = dw = db = None
        samples = tuple(range(x.ndim - w.ndim))
        product = y.grad * self.normalised
        if w.requires_grad:
            dw = product.sum(axis=samples)
        if b.requires_grad:
            db = y.grad.sum(axis=samples)
        if x.requires_grad:
            axes = tuple(range(-w.ndim, 0))
            product *= w.arr
            along = product.mean(axis=axes, keepdims=True)
            dx = np.multiply(y.grad, w.arr)
            dx -= dx.mean(axis=axes, keepdims=True)
            dx -= np.multiply(self.normalised, along, out=product)
            dx *= self.scale
        return dx, dw, db

    def composed(self, *inputs: Tensor) -> Tensor:
        x, w, b = inputs
        axes = tuple(range(-w.ndim, 0))
        centred = x - x.mean(axes, keepdims=True)
        variance = (centred * centred).mean(axes, keepdims=True)
        return centred / sqrt(variance + self.eps) * w + b


def layer_norm(x: Tensor, w: Tensor, b: Tensor, eps: float) -> Tensor:
    """Compute (x - mean) / sqrt(var + eps) * w + b, with mean and variance over the axes of w, the last ones of x."""
    axes = tuple(range(-w.ndim, 0))
    normalised = x.arr - x.arr.mean(axis=axes, keepdims=True)
    scale = 1 / np.sqrt(np.square(normalised).mean(axis=axes, keepdims=True) + eps)
    normalised *= scale
    return attach(normalised * w.arr + b.arr, LayerNormGradFn(x, w, b, eps, normalised, scale))
