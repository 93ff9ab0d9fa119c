"""Small operations: what the graph costs, and what checking gradients costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.entries import MINITORCH, OTHERS, PYTORCH, Entry, result
from benchmarks.problems import CHAINS, OPERATIONS
from benchmarks.turns import Side, Turns

if TYPE_CHECKING:
    from benchmarks.results import Result


def chain(entry: Entry) -> Result:
    """Chains of operations on so few numbers that only the machinery around them costs."""
    with Turns([Side("numpytorch", "ours"), *OTHERS]) as turns:
        cases = [
            turns.case(kind, "chain", {"kind": kind}, base=PYTORCH, unit="us/op", scale=OPERATIONS, turns=8)
            for kind in CHAINS
        ]
        notes = [
            "mixed: tanh(sin(y * w + w)), 25 times; multiply: y * w; add number: y + 0.5; tanh: tanh(y).",
            "tinygrad's chain is jitted: it may become one kernel, for all operations at once.",
        ]
        return result(entry, cases, turns, notes=notes, absent=MINITORCH)


def gradcheck(entry: Entry) -> Result:
    """The grader's judgement of a layer, and two libraries' finite differences."""
    sides = [Side("autograder", "grader"), Side("numpytorch.autograd.gradcheck", "ours"), OTHERS[0]]
    with Turns(sides, threads=1) as turns:
        case = turns.case(entry.title, "gradient_check", {}, base=PYTORCH, turns=20)
        notes = [
            (
                "autograder: in a sandbox, over a pipe: the gradients of input, weight and bias at every entry, each "
                "for nine ways to use the layer, against exact ones."
            ),
            "PyTorch: torch.autograd.gradcheck on torch.nn.functional.conv2d. The others have no check of every entry.",
        ]
        return result(entry, [case], turns, notes=notes)
