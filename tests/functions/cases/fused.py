"""Cases: operations of layers and losses, which are several in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch.functions.fused import Reduction, cross_entropy, layer_norm, linear
from tests.functions.cases.case import Case, normal, positive

if TYPE_CHECKING:
    from numpytorch._types import Array

LABELS = np.array([0, 4, 1])
REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum", "none")
REDUCE: dict[str, Any] = {"mean": np.mean, "sum": np.sum, "none": np.asarray}


def _losses(x: Array) -> Array:
    losses: Array = np.log(np.exp(x).sum(axis=1)) - x[np.arange(3), LABELS]
    return losses


def _normalised(x: Array, w: Array, b: Array) -> Array:
    axes = tuple(range(-w.ndim, 0))
    spread: Array = np.sqrt(x.var(axis=axes, keepdims=True) + 0.1)
    y: Array = (x - x.mean(axis=axes, keepdims=True)) / spread * w + b
    return y


CASES = [
    *[
        Case(f"linear {shape}", linear, lambda x, w, b: x @ w + b, (normal(*shape), normal(5, 3), normal(3)),
             lambda T, x, w, b: T.nn.functional.linear(x, w.T, b))
        for shape in [(2, 5), (2, 7, 5), (5,)]
    ],
    *[
        Case(f"cross_entropy {reduction}", lambda x, r=reduction: cross_entropy(x, LABELS, r),
             lambda x, r=reduction: REDUCE[r](_losses(x)), (normal(3, 5),),
             lambda T, x, r=reduction: T.nn.functional.cross_entropy(x, T.tensor(LABELS), reduction=r))
        for reduction in REDUCTIONS
    ],
    *[
        Case(f"layer_norm over {shape}", lambda x, w, b: layer_norm(x, w, b, 0.1), _normalised,
             (normal(3, 2, 5), positive(*shape), normal(*shape)),
             lambda T, x, w, b: T.nn.functional.layer_norm(x, w.shape, w, b, 0.1))
        for shape in [(5,), (2, 5), (3, 2, 5)]
    ],
]  # fmt: skip
