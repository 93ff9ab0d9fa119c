"""What the engine answers to the questions of part 5: each program is run, and looked at. For the grader alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from sklearn.metrics import f1_score

import numpytorch as npt
from numpytorch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch.autograd import GradFn

Answers: TypeAlias = dict[str, str | int | float]

CONFUSION = np.array([[12, 2, 1], [4, 6, 0], [3, 2, 1]])
"""Rows: true classes; columns: predicted ones."""


def leaves() -> Answers:
    """Say which combination of `is_leaf` and `requires_grad` each Tensor of the question has, and which none has."""
    x, w = Tensor([2.0]), Tensor([3.0], requires_grad=True)
    with npt.no_grad():
        unrecorded = x * w
    tensors = {
        "DATA": x,
        "PARAMETER": w,
        "DATA_TIMES_DATA": x * x,
        "DATA_TIMES_PARAMETER": x * w,
        "UNDER_NO_GRAD": unrecorded,
        "DETACHED": (x * w).detach(),
    }
    found: dict[str, str] = {name: _combination(t.is_leaf, t.requires_grad) for name, t in tensors.items()}
    (never,) = {_combination(a, b) for a in (True, False) for b in (True, False)} - set(found.values())
    return {**found, "NEVER_ARISES": never}


def node() -> Answers:
    """Say what nodes hold after the program of the question."""
    x = Tensor(2.0)
    w = Tensor(3.0, requires_grad=True)
    b = Tensor(1.0, requires_grad=True)
    h = w * x
    y = h + b
    unused = h * h
    loss = (y * y).sum()
    loss.backward()
    loss.backward()
    del unused
    return {
        "H_GRAD_FN": _name(h.grad_fn),
        "H_PARENTS": len(cast("GradFn", h.grad_fn).parents),
        "H_IS_LEAF": _yes(h.node.is_leaf),
        "H_REQUIRES_GRAD": _yes(h.node.requires_grad),
        "H_GRAD": "None" if h.node.grad is None else "an array",
        "H_GRAD_CNT": h.node.grad_cnt,
        "X_GRAD_FN": _name(x.grad_fn),
        "X_GRAD": "None" if x.node.grad is None else "an array",
        "W_ARR": w.item(),
        "W_GRAD": float(np.asarray(w.grad)),
        "B_GRAD": float(np.asarray(b.grad)),
    }


def order() -> Answers:
    """Say in which order a pass runs the rules of the question's graph."""
    a = Tensor(2.0, requires_grad=True)
    b = npt.tanh(a)
    c = b * a
    u = c * b
    d = c + b
    e = d * c
    f = e - b
    loss = f * 3.0
    visited: list[str] = []
    for name, tensor in {"b": b, "c": c, "u": u, "d": d, "e": e, "f": f, "loss": loss}.items():
        rule = cast("GradFn", tensor.grad_fn)
        rule.__dict__["f_d"] = _noting(visited, name, rule.f_d)
    loss.backward()
    return {"VISITS": " ".join(visited)}


def f1() -> Answers:
    """Say what the scores of the confusion matrix are."""
    true, predicted = (np.repeat(i.reshape(-1), CONFUSION.reshape(-1)) for i in np.indices(CONFUSION.shape))
    return {
        "MACRO_F1": float(f1_score(true, predicted, average="macro")),
        "MICRO_F1": float(f1_score(true, predicted, average="micro")),
    }


def reversed_operators() -> Answers:
    """Say how `2 - x` is computed; of the four reasons, find the one that holds."""
    x = Tensor(5.0, requires_grad=True)
    y = 2 - x
    y.backward()
    gradient = float(np.asarray(x.grad))
    x.grad = None
    (x - 2).backward()
    rule = y.grad_fn
    parents = () if rule is None else rule.parents
    holds = {
        "A": _name(rule) == "NegGradFn",
        "B": _name(rule) == "SubGradFn" and parents[0].arr == 2 and parents[1] is x.node,
        "C": rule is None,
        "D": gradient == float(np.asarray(x.grad)),
    }
    (why,) = [letter for letter, it_does in holds.items() if it_does]
    return {
        "RSUB_GRAD_FN": _name(rule),
        "RSUB_POSITION_OF_X": parents.index(x.node),
        "RSUB_GRAD": gradient,
        "WHY_NO_RULE": why,
    }


def _combination(is_leaf: bool, requires_grad: bool) -> str:
    return f"{'leaf' if is_leaf else 'inner'}, {'requires grad' if requires_grad else 'no grad'}"


def _name(grad_fn: GradFn | None) -> str:
    return "None" if grad_fn is None else type(grad_fn).__name__


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _noting(visited: list[str], name: str, f_d: Callable[..., object]) -> Callable[..., object]:
    def run(*nodes: object) -> object:
        visited.append(name)
        return f_d(*nodes)

    return run
