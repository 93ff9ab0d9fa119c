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
        Cause.OVERWRITTEN,
        Cause.FIRST_ONLY,
        Cause.DOES_NOT_ACCUMULATE,
        Cause.KEEPS_STATE,
        Cause.SHARES_MEMORY,
        Cause.GRADIENT_AT_CONSTANT,
        Cause.STOPS_AT_NONE,
    ):
        yield fault, partial(_propagate, fault)
    for again in (False, True):
        for first in (False, True):
            yield Cause.TOO_EARLY, partial(_without_counts, again, first)


def _propagate(fault: Cause, loss: TensorNode, gradient: Array) -> None:
    """Do what the engine does, but for one fault."""
    everything = fault is Cause.GRADIENT_AT_CONSTANT
    counts = Counter[Any]()
    reached = [loss]
    while reached:
        for x in _parents(reached.pop(), everything):
            if x not in counts:
                reached.append(x)
            counts[x] += 1
    leaves: set[TensorNode] = set()
    deliver = partial(_deliver, fault, leaves)
    deliver(loss, gradient)
    ready = [loss]
    while ready:
        y = ready.pop()
        if y.grad_fn is None:
            continue
        parents = y.grad_fn.parents
        gradients: Sequence[Any] = [None] * len(parents)
        if y.grad is not None:
            gradients = y.grad_fn.f_d(*parents, y)
        if fault is not Cause.KEEPS_STATE:
            y.grad = None
        for x, dx in zip(parents, gradients, strict=True):
            if not (x.requires_grad or everything):
                continue
            if dx is not None:
                deliver(x, unbroadcast(np.asarray(dx), x.shape))
            elif fault is Cause.STOPS_AT_NONE:
                continue
            counts[x] -= 1
            if counts[x] == 0:
                ready.append(x)


def _deliver(fault: Cause, leaves: set[TensorNode], x: TensorNode, dx: Array) -> None:
    if x.grad is None or fault is Cause.OVERWRITTEN:
        x.grad = dx if fault is Cause.SHARES_MEMORY else dx.copy()
    elif fault is Cause.DOES_NOT_ACCUMULATE and x.grad_fn is None and x not in leaves:
        x.grad = dx.copy()
    elif fault is Cause.SHARES_MEMORY:
        x.grad += dx
    elif fault is not Cause.FIRST_ONLY:
        x.grad = x.grad + dx
    leaves.add(x)


def _without_counts(again: bool, first: bool, loss: TensorNode, gradient: Array) -> None:
    """Visit a node as soon as one consumer has delivered: once, or each time; the first or the last to come first."""
    leaves: set[TensorNode] = set()
    visited: set[TensorNode] = set()
    _deliver(Cause.TOO_EARLY, leaves, loss, gradient)
    ready = [loss]
    inner = []
    while ready:
        y = ready.pop(0 if first else -1)
        if y.grad_fn is None or (y in visited and not again):
            continue
        visited.add(y)
        inner.append(y)
        for x, dx in zip(y.grad_fn.parents, y.grad_fn.f_d(*y.grad_fn.parents, y), strict=True):
            if x.requires_grad and dx is not None:
                _deliver(Cause.TOO_EARLY, leaves, x, unbroadcast(np.asarray(dx), x.shape))
                ready.append(x)
    for y in inner:
        y.grad = None


def _parents(y: TensorNode, everything: bool) -> list[TensorNode]:
    return [] if y.grad_fn is None else [x for x in y.grad_fn.parents if x.requires_grad or everything]
