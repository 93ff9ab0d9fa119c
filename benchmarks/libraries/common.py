"""What the modules of several libraries share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.problems import OPERATIONS
from benchmarks.turns import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpytorch._types import Array


def training(step: Callable[[], Any], loss: Callable[[Any], Any], gradients: Callable[[], Iterable[Any]]) -> Work:
    """Make a `Prepared` of a training step; its first one gives the loss and each parameter's gradient, in order."""

    def results() -> dict[str, Array]:
        first = {"loss": np.asarray(loss(step()))}
        return first | {f"gradient {i}": np.asarray(g) for i, g in enumerate(gradients())}

    return Work(step, results)


def chain(library: Any, kind: str, x: Any, w: Any) -> Any:
    """Compute a chain of 100 operations, with Tensors of any library."""
    y = x
    if kind == "mixed":
        for _ in range(OPERATIONS // 4):
            y = library.tanh(library.sin(y * w + w))
    elif kind == "multiply":
        for _ in range(OPERATIONS):
            y = y * w
    elif kind == "add number":
        for _ in range(OPERATIONS):
            y = y + 0.5
    else:
        for _ in range(OPERATIONS):
            y = library.tanh(y)
    return y


def used(kind: str) -> int:
    """Return how many of (x, w) a chain uses."""
    return 2 if kind in ("mixed", "multiply") else 1
