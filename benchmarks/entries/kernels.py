"""Convolution and pooling alone, over a range of shapes; a convolution also as a share of the machine's sgemm rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks.entries import NUMPY, OTHERS, PYTORCH, Entry, ours, result
from benchmarks.problems import multiply_adds
from benchmarks.turns import Turns

if TYPE_CHECKING:
    from benchmarks.results import Case, Result

SHAPES = [  # N, C, F, size, k
    (32, 1, 32, 28, 3),  # the model answer's first layer
    (32, 32, 64, 13, 3),  # and its second
    (256, 32, 64, 13, 3),
    (16, 64, 128, 28, 3),
    (8, 3, 16, 61, 5),
    (32, 64, 64, 14, 1),
]
POOLS = [(32, 32, 26, 2), (32, 64, 11, 2), (8, 16, 61, 3)]  # N, C, size, k
CONVOLUTIONS = ("forward", "gradient of x", "gradient of weight", "gradient of bias")
POOLINGS = ("max", "max, gradient", "average", "average, gradient")
SGEMM = 1024


def kernels(entry: Entry) -> Result:
    """Every operation on every shape, and the machine's rate in the same run."""
    with Turns([ours("numba"), ours("numpy"), OTHERS[0]]) as turns:
        product = turns.case(
            f"sgemm, {SGEMM} x {SGEMM}", "sgemm", {"size": SGEMM}, base=PYTORCH, turns=5, only=(NUMPY, PYTORCH)
        )
        rate = SGEMM**3 / min(row.median for row in product.rows)
        cases = [product]
        for n, c, f, size, k in SHAPES:
            sizes: dict[str, Any] = {"n": n, "c": c, "f": f, "size": size, "k": k}
            shape = f"x ({n}, {c}, {size}, {size}), weight ({f}, {c}, {k}, {k})"
            for operation in CONVOLUTIONS:
                case = _case(turns, f"{operation}: {shape}", "convolution", {**sizes, "operation": operation})
                work = multiply_adds(**sizes)
                cases.append(case if operation == CONVOLUTIONS[-1] else shared(case, work / rate))
        for n, c, size, k in POOLS:
            shape = f"x ({n}, {c}, {size}, {size}), windows ({k}, {k})"
            sizes = {"n": n, "c": c, "size": size, "k": k}
            cases += [
                _case(turns, f"{operation}: {shape}", "pooling", {**sizes, "operation": operation})
                for operation in POOLINGS
            ]
        note = (
            f"share: of the machine's sgemm rate, the better of NumPy's and PyTorch's here: {2 * rate / 1e6:.0f} "
            "GFLOP/s with the threads of the entry. Kernels on arrays: no graph on either side."
        )
        return result(entry, cases, turns, notes=[note])


def _case(turns: Turns, title: str, function: str, arguments: dict[str, Any]) -> Case:
    return turns.case(title, function, arguments, base=PYTORCH, turns=4, seconds=0.4)


def shared(case: Case, at_peak: float) -> Case:
    """Add each side's share of a rate, given the ms that the work takes at that rate."""
    rows = [msgspec.structs.replace(row, share=at_peak / row.median) for row in case.rows]
    return msgspec.structs.replace(case, rows=rows)
