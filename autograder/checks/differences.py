"""Derivatives by central differences, extrapolated: what a gradient is held to where no formula for it is at hand.

The slope along v is measured over two steps, h and h/2, and extrapolated to none (Richardson): its error falls
with h**4. On functions of order 1 it agrees with a right gradient to about 1e-9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.compare import TOLERANCE, first_mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.checks.compare import Mismatch
    from autograder.sandbox import Array

    Loss = Callable[[Array], float]

STEP = 4e-3
"""The longer step. Samples keep kinks and ties farther away than this."""

SMALL = 8
"""Up to how many entries each is measured by itself; beyond, random directions come first."""

_DIRECTIONS = 4


def slope(loss: Loss, at: Array, direction: Array) -> float:
    """Measure the slope of `loss` at `at` along `direction`, which has the same shape."""

    def central(h: float) -> float:
        return (loss(at + h * direction) - loss(at - h * direction)) / (2 * h)

    return (4 * central(STEP / 2) - central(STEP)) / 3


def gradient(loss: Loss, at: Array) -> Array:
    """Measure the gradient of `loss` at `at`, entry by entry: four calls of `loss` for each."""
    measured = np.zeros(at.shape)
    for index in np.ndindex(at.shape):
        unit = np.zeros(at.shape)
        unit[index] = 1.0
        measured[index] = slope(loss, at, unit)
    return measured


def first_disagreement(loss: Loss, at: Array, claimed: Array, rng: np.random.Generator) -> Mismatch | None:
    """Return where `claimed` is farthest from the gradient of `loss` at `at`; None if it is that gradient.

    Every entry is measured if there are few. Else the slopes along some random directions are, which a
    gradient with a wrong entry misses; only if one does, all entries are, to find the worst.
    """
    if at.size > SMALL and all(_agrees_along(loss, at, claimed, rng) for _ in range(_DIRECTIONS)):
        return None
    return first_mismatch(claimed, gradient(loss, at))


def _agrees_along(loss: Loss, at: Array, claimed: Array, rng: np.random.Generator) -> bool:
    direction = rng.standard_normal(at.shape) / np.sqrt(at.size)
    measured, told = slope(loss, at, direction), float(np.vdot(claimed, direction))
    return abs(measured - told) <= TOLERANCE * max(abs(measured), float(np.abs(claimed).max(initial=0)))
