"""What the engine costs per operation: chains of 100 elementwise operations on 10 elements, forward and backward.

    python -m benchmarks.engine          (needs torch: pip install -e '.[bench]')

Results are compared first. Ours and theirs then take turns, so that both meet the same machine.
"""

from __future__ import annotations

import platform
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import numpytorch as npt

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATIONS = 100
REPEATS = 400
CHAINS = ("mixed", "multiply", "add number", "tanh")


def chain(library: Any, kind: str, x: Any, w: Any) -> Any:
    """Compute a chain of 100 operations, with Tensors of either library."""
    y = x
    if kind == "mixed":
        for _ in range(OPERATIONS // 4):
            y = library.tanh(library.sin(y * w + w))
    elif kind == "multiply":
        for _ in range(OPERATIONS):
            y = y * w
    elif kind == "add number":
        for _ in range(OPERATIONS):
            y = y + 0.5
    else:
        for _ in range(OPERATIONS):
            y = library.tanh(y)
    return y


def forward_and_backward(library: Any, kind: str, x: Any, w: Any, upstream: Any) -> None:
    """Run a chain and pull a gradient back through it."""
    x.grad = w.grad = None
    chain(library, kind, x, w).backward(upstream)


def per_operation(runs: list[Callable[[], None]]) -> list[list[float]]:
    """Time functions in turns; return microseconds an operation, for each function and repeat."""
    for run in runs:
        for _ in range(20):
            run()
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(REPEATS):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append((time.perf_counter() - start) / OPERATIONS * 1e6)
    return times


def main() -> None:
    """Print a table."""
    torch.set_num_threads(2)
    rng = np.random.default_rng(0)
    values, weights, upstream = (rng.uniform(0.9, 1.1, 10) for _ in range(3))
    ours = [npt.Tensor(a, requires_grad=True) for a in (values, weights)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (values, weights)]
    torch_upstream = torch.tensor(upstream)
    print(f"numpytorch, NumPy {np.__version__} against PyTorch {torch.__version__}, 2 threads, float64")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}; {REPEATS} repeats in turns")
    print(f"{'chain':<12}{'ours, us/op':>22}{'PyTorch, us/op':>24}{'ratio':>8}")
    worst = 0.0
    for kind in CHAINS:

        def run_ours(kind: str = kind) -> None:
            forward_and_backward(npt, kind, ours[0], ours[1], upstream)

        def run_theirs(kind: str = kind) -> None:
            forward_and_backward(torch, kind, theirs[0], theirs[1], torch_upstream)

        run_ours()
        run_theirs()
        for a, b in zip(ours, theirs, strict=True):
            assert (a.grad is None) == (b.grad is None)
            if a.grad is not None and b.grad is not None:
                np.testing.assert_allclose(a.grad, b.grad.numpy(), rtol=1e-10)
        columns = [(statistics.median(t), *np.quantile(t, [0.1, 0.9])) for t in per_operation([run_ours, run_theirs])]
        ratio = columns[0][0] / columns[1][0]
        worst = max(worst, ratio)
        cells = "".join(f"{f'{m:.2f} ({low:.2f} to {high:.2f})':>22}  " for m, low, high in columns)
        print(f"{kind:<12}{cells}{ratio:>6.2f}")
    print(f"largest ratio: {worst:.2f} (median; 10th to 90th percentile in brackets)")


if __name__ == "__main__":
    main()
