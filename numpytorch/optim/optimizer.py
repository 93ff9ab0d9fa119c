"""What the optimizers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpytorch._tensor import Tensor


class Optimizer:
    """Holds the parameters to move, and the learning rate `lr`, which may be changed at any time."""

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        name = type(self).__name__
        self.params = list(params)
        if not self.params:
            raise ValueError(
                f"{name}: expected at least one parameter, got none. Pass model.parameters(); it finds each "
                "nn.Parameter on an attribute of the model or of a Module on one, not in plain lists or dicts."
            )
        for p in self.params:
            if not (p.is_leaf and p.requires_grad):
                raise ValueError(f"{name}: expected nn.Parameter objects, got {p!r:.80}.")
        for what, value in (("lr", lr), ("weight_decay", weight_decay)):
            if not value >= 0:
                raise ValueError(f"{name}: expected {what} >= 0, got {value}.")
        self.lr = lr
        self.weight_decay = weight_decay

    def zero_grad(self) -> None:
        """Set `.grad` of every parameter to None: gradients add up over calls of `backward()` otherwise."""
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        raise NotImplementedError(f"{type(self).__name__}.step: expected a method that moves the parameters.")
