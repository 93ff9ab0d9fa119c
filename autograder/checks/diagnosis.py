"""Diagnosis: which usual mistake explains a wrong array, if one does.

Each mistake is acted out on the trusted side, with the same values. Only what the hand-in computed decides: a
cause is named if acting it out gives the same array, entry by entry, and the right one is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.causes import Cause
from autograder.checks.compare import first_mismatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from autograder.checks.probe import LayerCase
    from autograder.sandbox import Array

    Arrays = tuple[Array, ...]
    Values = Mapping[str, Array]

_MOST_REORDERINGS = 24


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistake that fits. factor: of the right gradient, where it is that alone."""

    cause: Cause
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """One gradient that was pulled back, and what a hand-in could have confused it with.

    inputs, parameters, upstream: what went in. others: inputs of calls before and after.
    got: what arrived at the target. earlier: what the call before had left there. rounded: computed in float32.
    """

    target: str
    inputs: Values
    parameters: Values
    upstream: Arrays
    got: Array
    others: tuple[Values, ...] = ()
    earlier: Array | None = None
    rounded: bool = False


def explain_output(case: LayerCase, inputs: Values, parameters: Values, got: Array, place: int) -> Diagnosis | None:
    """Name the mistake that makes output number `place` what was got, or None."""
    expected = case.forward(inputs, parameters)[place]
    for cause, outputs in _forward_mistakes(case, inputs, parameters):
        if place < len(outputs) and _same(got, outputs[place]) and not _same(expected, outputs[place]):
            return Diagnosis(cause)
    if got.shape != expected.shape:
        return None
    for cause, reordered in _reorderings(expected):
        if _same(got, reordered) and not _same(expected, reordered):
            return Diagnosis(cause)
    if np.ptp(expected) < 1e-2 * np.abs(expected).max(initial=0):
        return None  # of numbers that are nearly the same, any other such are a multiple
    factor = factor_of(got, expected)
    return None if factor is None else Diagnosis(Cause.FACTOR if factor else Cause.VALUES_WRONG, factor)


def explain_gradient(case: LayerCase, pull: Pull) -> Diagnosis | None:
    """Name the mistake that makes a gradient what was got, or None."""
    right = case.gradients(pull.inputs, pull.parameters, pull.upstream)[pull.target].reshape(pull.got.shape)
    if not np.isfinite(pull.got).all():
        return Diagnosis(Cause.NOT_FINITE)
    factor = factor_of(pull.got, right)
    if factor == 0:
        return Diagnosis(Cause.ZERO_GRADIENT, 0.0)
    if factor is not None:
        averaged = any(abs(factor * count - 1) < 1e-4 for count in _counts(pull))
        return Diagnosis(Cause.AVERAGED if averaged else Cause.FACTOR, factor)
    for cause, wrong in _gradient_mistakes(case, pull, right):
        if wrong.size == pull.got.size:
            shaped = wrong.reshape(pull.got.shape)
            if _same(pull.got, shaped, pull.rounded) and not _same(right, shaped):
                return Diagnosis(cause)
    return None


def factor_of(got: Array, expected: Array) -> float | None:
    """Return c if `got` is c times what it should be, and c is not 1; None for one entry, which always is."""
    square = float(np.vdot(expected, expected))
    if not square or not np.isfinite(got).all() or (got.size == 1 and got.any()):
        return None
    most = float(np.abs(got).max())
    if most < 1e-12 and most <= 1e-9 * float(np.abs(expected).max()):
        return 0.0
    c = float(np.vdot(expected, got)) / square
    return c if c and abs(c - 1) > 1e-6 and first_mismatch(got / c, expected) is None else None


def _same(a: Array, b: Array, rounded: bool = False) -> bool:
    return a.shape == b.shape and first_mismatch(a, b, rounded) is None


def _counts(pull: Pull) -> set[int]:
    """List what a sum may have been divided by: how many images there are, how many places, and both."""
    counts = set()
    for dy in pull.upstream:
        images = dy.shape[0] if dy.ndim else 1
        places = prod(dy.shape[2:]) if dy.ndim > 3 else prod(dy.shape[1:2])  # of an image, or in time
        counts |= {images, places, images * places}
    return counts - {0, 1}


# ---- what forwards do wrong ----------------------------------------------------------------------------


def _forward_mistakes(case: LayerCase, inputs: Values, parameters: Values) -> Iterator[tuple[Cause, Arrays]]:
    yield from case.forward_suspects(inputs, parameters)
    for cause, changed in _confused(inputs):
        yield cause, case.forward(changed, parameters)
    whole = case.forward(inputs, parameters)
    if all(y.ndim > 3 for y in whole):
        yield Cause.AXES_SWAPPED, tuple(y.swapaxes(-1, -2) for y in whole)
    alone = _first_of_each(inputs)
    if alone is not None:
        kept = case.forward(alone, parameters)
        yield Cause.FIRST_ONLY, kept
        yield Cause.FIRST_ONLY, tuple(_padded(k, w) for k, w in zip(kept, whole, strict=True))
        yield Cause.FIRST_ONLY, tuple(np.broadcast_to(k[:1], w.shape) for k, w in zip(kept, whole, strict=True))


def _confused(inputs: Values) -> Iterator[tuple[Cause, dict[str, Array]]]:
    """Yield the inputs with the entries of one in another order, as a reshape without a transpose reads them."""
    for name, x in inputs.items():
        for order in _orders(x):
            shape = tuple(x.shape[i] for i in order)
            yield Cause.RESHAPE_FOR_TRANSPOSE, {**inputs, name: x.reshape(shape).transpose(np.argsort(order))}
            yield Cause.RESHAPE_FOR_TRANSPOSE, {**inputs, name: x.transpose(order).reshape(x.shape)}
        for axis in range(min(x.ndim, 2)):
            if x.shape[axis] > 1:
                yield Cause.MIXED_UP, {**inputs, name: np.flip(x, axis)}
                yield Cause.MIXED_UP, {**inputs, name: np.roll(x, 1, axis)}
                yield Cause.MIXED_UP, {**inputs, name: np.roll(x, -1, axis)}


def _reorderings(right: Array) -> Iterator[tuple[Cause, Array]]:
    """Yield an array with its entries in other places: none of them lost."""
    for order in _orders(right):
        if order == (*range(right.ndim - 2), right.ndim - 1, right.ndim - 2) and right.ndim > 2:
            yield Cause.AXES_SWAPPED, right.transpose(order).reshape(right.shape)
        elif right.transpose(order).shape == right.shape:
            yield Cause.MIXED_UP, right.transpose(order)
    for order in _orders(right):
        yield Cause.RESHAPE_FOR_TRANSPOSE, right.transpose(order).reshape(right.shape)
        shape = tuple(right.shape[i] for i in order)
        yield Cause.RESHAPE_FOR_TRANSPOSE, right.reshape(shape).transpose(np.argsort(order))
    for axis in range(min(right.ndim, 2)):
        n = right.shape[axis]
        yield from ((Cause.MIXED_UP, np.roll(right, step, axis)) for step in range(1, min(n, 6)))
        if n <= 4:
            yield from ((Cause.MIXED_UP, right.take(order, axis)) for order in permutations(range(n)))
        yield Cause.MIXED_UP, np.flip(right, axis)


def _orders(x: Array) -> list[tuple[int, ...]]:
    """List orders of the axes, but for the one there is."""
    return [order for order in permutations(range(x.ndim)) if order != tuple(range(x.ndim))][:_MOST_REORDERINGS]


# ---- what backwards do wrong ---------------------------------------------------------------------------


def _gradient_mistakes(case: LayerCase, pull: Pull, right: Array) -> Iterator[tuple[Cause, Array]]:
    target, inputs, parameters, upstream = pull.target, pull.inputs, pull.parameters, pull.upstream

    def with_upstream(changed: Arrays) -> Array:
        return case.gradients(inputs, parameters, changed)[target]

    yield from case.gradient_suspects(target, inputs, parameters, upstream)
    flat = with_upstream(tuple(np.ones_like(dy) for dy in upstream))
    c = float(np.vdot(flat, pull.got.reshape(flat.shape)) / (np.vdot(flat, flat) or 1.0))
    if abs(c) > 1e-9 and flat.size > 1:
        yield Cause.IGNORES_UPSTREAM, c * flat
    for other, dx in case.gradients(inputs, parameters, upstream).items():
        if other != target:
            yield Cause.SWAPPED_PARENTS, dx
    if pull.earlier is not None:
        yield Cause.KEEPS_STATE, right + pull.earlier.reshape(right.shape)
        yield Cause.KEEPS_STATE, pull.earlier
    for elsewhere in pull.others:
        yield Cause.KEEPS_STATE, case.gradients(elsewhere, parameters, upstream)[target]
    yield from _reorderings(right)
    for dy in upstream:
        if dy.size == right.size:
            yield Cause.FORTRAN_ORDER, dy.reshape(right.shape, order="F")
    if all(dy.ndim and dy.shape[0] > 2 for dy in upstream):  # of two, the last alone is all but the first
        yield Cause.FIRST_ONLY, with_upstream(tuple(_only(dy, 0) for dy in upstream))
        yield Cause.OVERWRITTEN, with_upstream(tuple(_only(dy, -1) for dy in upstream))
    for place, dy in enumerate(upstream):
        for cause, changed in _reorderings(dy):
            yield cause, with_upstream((*upstream[:place], changed, *upstream[place + 1 :]))
    for cause, confused in _confused(inputs):
        yield cause, case.gradients(confused, parameters, upstream)[target]


def _only(dy: Array, image: int) -> Array:
    """Return an upstream gradient that is zero but for one of the batch."""
    kept = np.zeros_like(dy)
    kept[image] = dy[image]
    return kept


def _first_of_each(inputs: Values) -> dict[str, Array] | None:
    """Return the first of the batch alone; None if there is but one."""
    lengths = {x.shape[0] for x in inputs.values() if x.ndim}
    return {name: x[:1] for name, x in inputs.items()} if len(lengths) == 1 and min(lengths) > 1 else None


def _padded(kept: Array, whole: Array) -> Array:
    """Return an output whose first is right, and all others zero."""
    result = np.zeros_like(whole)
    result[:1] = kept[:1]
    return result
