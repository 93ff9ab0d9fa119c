"""Training steps: the model answers' networks, forward, backward and SGD, on the same numbers in every library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.entries import MINITORCH, OTHERS, PYTORCH, Entry, ours, result
from benchmarks.turns import Side, Turns

if TYPE_CHECKING:
    from benchmarks.results import Result

LADDER = [
    ours("numba"),
    ours("numpy"),
    Side("model answer (im2col)", "ours", {"layers": "answer"}),
]
LOOPS = Side("loops", "ours", {"layers": "loops"})
HIPS_NOTE = "HIPS autograd has no pooling and no layer of convolution; its step is written as in its own examples."
FORMS = "tinygrad's step is jitted, PyTorch's is eager, as each one's own examples have it."


def cnn(entry: Entry) -> Result:
    """The lesson's ladder, from loops to tuned kernels, beside other libraries."""
    with Turns([*LADDER, *OTHERS, LOOPS]) as turns:
        case = turns.case(entry.title, "cnn_step", {"n": 32}, base=PYTORCH)
        notes = [
            "loops: one window at a time, as a student may begin with; model answer: assignments/cnn/solution.py.",
            HIPS_NOTE,
            FORMS,
        ]
        return result(entry, [case], turns, notes=notes, absent=MINITORCH)


def cnn256(entry: Entry) -> Result:
    """The same with a larger batch, without loops."""
    with Turns([*LADDER, *OTHERS]) as turns:
        case = turns.case(entry.title, "cnn_step", {"n": 256}, base=PYTORCH, turns=12)
        return result(entry, [case], turns, notes=[HIPS_NOTE, FORMS], absent=MINITORCH)


def rnn(entry: Entry) -> Result:
    """A recurrent layer, the last state through a linear layer."""
    sides = [
        ours("numba"),
        ours("numpy"),
        Side("model answer", "ours", {"layers": "answer"}),
        Side("numpytorch, step by step", "ours", {"layers": "steps"}),
        *OTHERS,
    ]
    with Turns(sides) as turns:
        sizes = {"n": 64, "steps": 28, "inputs": 28, "hidden": 128}
        case = turns.case(entry.title, "rnn_step", sizes, base=PYTORCH)
        notes = [
            (
                "MyGrad, HIPS autograd and tinygrad have no recurrent layer: theirs is written step by step, as "
                "`numpytorch, step by step` is. DeZero's layer takes one step."
            ),
            FORMS,
        ]
        return result(entry, [case], turns, notes=notes, absent=MINITORCH)


def threads(entry: Entry) -> Result:
    """The Numba backend with every combination of its threads and BLAS's, also the one that it avoids."""
    sides = [
        Side(
            f"BLAS {blas}, backend {own}",
            "ours",
            {"backend": "numba", "blas_threads": blas},
            {"OPENBLAS_NUM_THREADS": str(blas), "NUMBA_NUM_THREADS": str(own)},
        )
        for blas, own in ((1, 1), (2, 1), (1, 2), (2, 2))
    ]
    with Turns([*sides, OTHERS[0]]) as turns:
        case = turns.case(entry.title, "cnn_step", {"n": 32}, base=PYTORCH, turns=15)
        notes = [
            (
                "What the other entries use is BLAS 1, backend 2: where the backend has threads of its own, it gives "
                "BLAS one. Here BLAS has what the name says, also two beside two: threads that spin are in the way."
            )
        ]
        return result(entry, [case], turns, notes=notes)
