"""What the optimizers share."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from numpytorch._tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable


class Optimizer:
    """Holds the parameters to move, each once, and the learning rate `lr`, which may be changed at any time."""

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        name = type(self).__name__
        self.params = list(dict.fromkeys(params))  # one shared by two models would move twice
        if not self.params:
            raise ValueError(
                f"{name}: expected at least one parameter, got none. Pass model.parameters(); it finds each "
                "nn.Parameter on an attribute of the model or of a Module on one, not in plain lists or dicts."
            )
        for p in self.params:
            if not _can_move(p):
                raise ValueError(f"{name}: expected nn.Parameter objects, got {p!r:.80}. Pass model.parameters().")
        for what, value in (("lr", lr), ("weight_decay", weight_decay)):
            if not 0 <= value < inf:
                raise ValueError(f"{name}: expected a finite {what} >= 0, got {value}.")
        self.lr = lr
        self.weight_decay = weight_decay

    def zero_grad(self) -> None:
        """Set `.grad` of every parameter to None: gradients add up over calls of `backward()` otherwise."""
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        raise NotImplementedError(f"{type(self).__name__}.step: expected a method that moves the parameters.")


def _can_move(p: object) -> bool:
    return isinstance(p, Tensor) and p.is_leaf and p.requires_grad
