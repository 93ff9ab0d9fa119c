"""Backward passes with one usual mistake each: a hand-in whose gradients are those of one of them made that mistake."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks.causes import Cause
from numpytorch.autograd.engine import unbroadcast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograder.sandbox import Array
    from numpytorch.autograd import TensorNode


def wrong_engines() -> Iterator[tuple[Cause, Callable[[TensorNode, Array], None]]]:
    """Yield each mistake, with a `propagate` that makes it."""
    for fault in (
        Cause.DOES_NOT_ACCUMULATE,
        Cause.OVERWRITTEN,
        Cause.FIRST_ONLY,
        Cause.KEEPS_STATE,
        Cause.SHARES_MEMORY,
        Cause.GRADIENT_AT_CONSTANT,
        Cause.STOPS_AT_NONE,
    ):
        for patient in (False, True):
            # Of what is delivered, one is lost either way: which one is no matter to who reads of it.
            yield Cause.OVERWRITTEN if fault is Cause.FIRST_ONLY else fault, partial(_propagate, fault, patient)
    for again in (False, True):
        for first in (False, True):
            yield Cause.TOO_EARLY, partial(_without_counts, again, first)


def _propagate(fault: Cause, patient: bool, loss: TensorNode, gradient: Array) -> None:
    """Do what the engine does, but for one fault. patient: leaves too get nothing before all have delivered."""
    everything = fault is Cause.GRADIENT_AT_CONSTANT
    counts = Counter[Any]()
    reached = [loss]
    while reached:
        for x in _parents(reached.pop(), everything):
            if x not in counts:
                reached.append(x)
            counts[x] += 1
    sums: dict[TensorNode, Array] = {}
    _deliver(fault, sums, loss, gradient)
    ready = [loss]
    while ready:
        y = ready.pop()
        if y.grad_fn is None:
            continue
        parents = y.grad_fn.parents
        gradients: Sequence[Any] = [None] * len(parents)
        y.grad = sums.pop(y, None)
        if y.grad is not None:
            kept = y.grad
            gradients = y.grad_fn.f_d(*parents, y)
            if fault is Cause.KEEPS_STATE:
                sums[y] = kept
        y.grad = None
        for x, dx in zip(parents, gradients, strict=True):
            if not (x.requires_grad or everything):
                continue
            if dx is not None:
                _deliver(fault, sums, x, unbroadcast(np.asarray(dx), x.shape))
            elif fault is Cause.STOPS_AT_NONE:
                continue
            counts[x] -= 1
            if counts[x] == 0:
                ready.append(x)
    for x, total in sums.items():
        if x.grad_fn is not None:
            x.grad = total if fault is Cause.KEEPS_STATE else None
        elif not (patient and counts[x]):
            _leave(fault, x, total)


def _deliver(fault: Cause, sums: dict[TensorNode, Array], x: TensorNode, dx: Array) -> None:
    """Add one consumer's share to what has come so far."""
    if fault is Cause.KEEPS_STATE and x.grad_fn is not None and x.grad is not None and x not in sums:
        sums[x] = x.grad
    if x not in sums or fault is Cause.OVERWRITTEN:
        sums[x] = dx
    elif fault is Cause.SHARES_MEMORY:
        sums[x] += dx
    elif fault is not Cause.FIRST_ONLY:
        sums[x] = sums[x] + dx


def _leave(fault: Cause, x: TensorNode, total: Array) -> None:
    """Add the whole of a leaf's gradient to what it had."""
    if fault is Cause.SHARES_MEMORY:
        if x.grad is None:
            x.grad = total
        else:
            x.grad += total
    elif x.grad is None or fault is Cause.DOES_NOT_ACCUMULATE:
        x.grad = total.copy()
    else:
        x.grad = x.grad + total


def _without_counts(again: bool, first: bool, loss: TensorNode, gradient: Array) -> None:
    """Visit a node as soon as one consumer has delivered: once, or each time; the first or the last to come first."""
    sums: dict[TensorNode, Array] = {loss: gradient}
    visited: set[TensorNode] = set()
    ready = [loss]
    while ready:
        y = ready.pop(0 if first else -1)
        if y.grad_fn is None or (y in visited and not again):
            continue
        visited.add(y)
        y.grad = sums[y]
        gradients: Sequence[Any] = y.grad_fn.f_d(*y.grad_fn.parents, y)
        y.grad = None
        for x, dx in zip(y.grad_fn.parents, gradients, strict=True):
            if x.requires_grad and dx is not None:
                _deliver(Cause.TOO_EARLY, sums, x, unbroadcast(np.asarray(dx), x.shape))
                ready.append(x)
    for x, total in sums.items():
        if x.grad_fn is None:
            _leave(Cause.TOO_EARLY, x, total)


def _parents(y: TensorNode, everything: bool) -> list[TensorNode]:
    return [] if y.grad_fn is None else [x for x in y.grad_fn.parents if x.requires_grad or everything]
