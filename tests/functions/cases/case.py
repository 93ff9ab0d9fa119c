"""Case: one operation, how NumPy and PyTorch compute it, and inputs to try it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array

    Draw = Callable[[np.random.Generator], Array]


@dataclass(frozen=True, slots=True)
class Case:
    """An operation to be checked.

    name: its id in the test report.
    ours: takes Tensors, returns one.
    numpy: takes arrays, returns the same values.
    inputs: how to draw each input, off the corners of the function.
    torch: takes the torch module and torch tensors; None where torch has no such operation.
    """

    name: str
    ours: Callable[..., Tensor]
    numpy: Callable[..., Any]
    inputs: tuple[Draw, ...]
    torch: Callable[..., Any] | None = None

    def draw(self, seed: int = 0) -> list[Array]:
        """Draw the inputs as float64 arrays."""
        rng = np.random.default_rng(seed)
        return [np.asarray(draw(rng)) for draw in self.inputs]

    def tensors(self, dtype: type[np.floating[Any]] = np.float64) -> list[Tensor]:
        """Draw the inputs as Tensors that require gradients."""
        return [Tensor(x.astype(dtype), requires_grad=True) for x in self.draw()]


def normal(*shape: int) -> Draw:
    """Draw from the standard normal distribution."""
    return lambda rng: rng.standard_normal(shape)


def positive(*shape: int) -> Draw:
    """Draw from [0.5, 2)."""
    return lambda rng: rng.uniform(0.5, 2, shape)


def nonzero(*shape: int) -> Draw:
    """Draw from +-[0.5, 2): away from where functions have a corner or a pole at 0."""
    return lambda rng: rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)


def distinct(*shape: int) -> Draw:
    """Draw entries that are all at least 0.1 apart: no ties."""

    def draw(rng: np.random.Generator) -> Array:
        n = int(np.prod(shape))
        return (rng.permutation(n).reshape(shape) - n / 2 + 0.03) * 0.1

    return draw
