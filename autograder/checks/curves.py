"""The course of a training, as evidence that a report can show: curves, filters, and the digits it got wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks.picture import filters
from autograder.checks.steps import held_out
from autograder.checks.training import Training

if TYPE_CHECKING:
    from autograder.sandbox import Array

_MOST_DIGITS = 40


def evidence_of(run: Training) -> dict[str, Any]:
    """Return the numbers behind a training, as JSON values.

    losses: of each iteration. f1_over_training: pairs of how many iterations were done and the macro F1 on some of the
    held-out digits. filters: those of the first features, before and after; see `picture.filters`.
    """
    return {
        "iterations": len(run.losses),
        "iterations_per_second": round(run.pace, 2),
        "batch_size": run.settings.batch_size,
        "learning_rate": run.settings.learning_rate,
        "losses": [float(f"{x:.5g}") if math.isfinite(x) else str(x) for x in run.losses],
        "f1_over_training": _f1_over_training(run),
        "filters": _filters(run),
        "moved": run.moved,
        "largest_gradient": run.arrived,
    }


def wrong_digits(run: Training) -> list[list[int]]:
    """List the first held-out digits that the trained model gets wrong: their number, what they are, what it said."""
    labels, predicted = held_out().y, run.logits.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels[: len(predicted)])[:_MOST_DIGITS]
    return [[int(i), int(labels[i]), int(predicted[i])] for i in wrong]


def _f1_over_training(run: Training) -> list[list[float]]:
    some = len(run.before)
    points = {0: run.before, **run.along, len(run.losses): run.logits[:some]}
    return [[done, _macro_f1(logits)] for done, logits in points.items()]


def _macro_f1(logits: Array) -> float:
    from sklearn.metrics import f1_score  # here, for it takes most of a second to import

    if not np.isfinite(logits).all():
        return 0.0
    labels = held_out().y[: len(logits)]
    return round(float(f1_score(labels, logits.argmax(axis=1), average="macro", zero_division=0)), 4)


def _filters(run: Training) -> dict[str, Any]:
    path = next((p for p in run.features if run.initial[p].ndim in (2, 4) and run.initial[p].size), None)
    if path is None or run.final[path].shape != run.initial[path].shape:
        return {}
    before, after = run.initial[path], run.final[path]
    return {"path": path, "shape": list(before.shape), "before": filters(before), "after": filters(after)}
