"""Adam: a step size of its own for each entry of each parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpytorch._tensor import Tensor
    from numpytorch._types import Array


class Adam(Optimizer):
    """p -= lr * m / (sqrt(v) + eps), with m and v the bias-corrected running means of g and g^2.

    g is grad + weight_decay * p. Source: Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        if not all(0 <= b < 1 for b in betas):
            raise ValueError(f"Adam: expected 0 <= beta < 1 for both betas, got {betas}.")
        self.betas = betas
        self.eps = eps
        self.m: list[Array] = [np.zeros_like(p.arr) for p in self.params]
        self.v: list[Array] = [np.zeros_like(p.arr) for p in self.params]
        self.steps = [0] * len(self.params)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        beta1, beta2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad + self.weight_decay * p.arr if self.weight_decay else p.grad
            self.steps[i] += 1
            self.m[i] = beta1 * self.m[i] + (1 - beta1) * g
            self.v[i] = beta2 * self.v[i] + (1 - beta2) * g * g
            m = self.m[i] / (1 - beta1 ** self.steps[i])
            v = self.v[i] / (1 - beta2 ** self.steps[i])
            p.arr -= self.lr * m / (np.sqrt(v) + self.eps)
