"""Derivatives by central differences, extrapolated: what a gradient is held to where no formula for it is at hand.

The slope along v is measured over two steps, h and h/2, and extrapolated to none (Richardson): its error falls
with h**4. On functions of order 1 it agrees with a right gradient to about 1e-9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.sandbox import Array

    Loss = Callable[[Array], float]

STEP = 4e-3
"""The longer step. Samples keep kinks and ties farther away than this."""

SMALL = 100
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


def agrees(loss: Loss, at: Array, claimed: Array, rng: np.random.Generator, tolerance: float = 1e-5) -> bool:
    """Whether `claimed` is the gradient of `loss` at `at`, to `tolerance` of its largest entry.

    Every entry is measured if there are few; else the slopes along some random directions, which a gradient
    with a wrong entry misses with probability 0.
    """
    if at.size <= SMALL:
        measured = gradient(loss, at)
        scale = float(np.abs(measured).max(initial=0)) or 1.0
        return bool(np.abs(measured - claimed).max(initial=0) <= tolerance * scale)
    for _ in range(_DIRECTIONS):
        direction = rng.standard_normal(at.shape) / np.sqrt(at.size)
        measured_slope, told = slope(loss, at, direction), float(np.vdot(claimed, direction))
        if not abs(measured_slope - told) <= tolerance * max(abs(measured_slope), abs(told), 1e-3):
            return False
    return True
