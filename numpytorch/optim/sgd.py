"""Stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpytorch._tensor import Tensor
    from numpytorch._types import Array


class SGD(Optimizer):
    """p -= lr * v, with v = momentum * v + g and g = grad + weight_decay * p.

    Source: Sutskever et al. 2013, in the form that PyTorch uses.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr, weight_decay)
        if not 0 <= momentum < 1:
            raise ValueError(f"SGD: expected 0 <= momentum < 1, got {momentum}.")
        self.momentum = momentum
        self.velocity: list[Array | None] = [None] * len(self.params)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad + self.weight_decay * p.arr if self.weight_decay else p.grad
            if self.momentum:
                v = self.velocity[i]
                g = self.velocity[i] = g.copy() if v is None else self.momentum * v + g
            p.arr -= self.lr * g
