"""The memory of a CNN training step: what is held at its peak beside the parameters and the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.entries import OTHERS, PYTORCH, Entry, ours, result
from benchmarks.results import Case, Row
from benchmarks.turns import Absent, Side, Turns, say

if TYPE_CHECKING:
    from benchmarks.results import Result

BATCHES = (32, 256)
KEPT = "PyTorch, saved and gradients"
PEAK = "PyTorch, peak of its allocator"


def memory(entry: Entry) -> Result:
    """One number a side and batch: memory does not vary from run to run."""
    with Turns(
        [ours("numba"), ours("numpy"), Side("model answer (im2col)", "ours", {"layers": "answer"}), OTHERS[0]]
    ) as t:
        cases = []
        for n in BATCHES:
            sizes: dict[str, float] = {}
            for worker in list(t.workers):
                side = worker.side
                try:
                    bytes_of = worker.ask("value", "cnn_memory", {"n": n, **side.settings})
                except Absent as absent:
                    t.leave_out(worker, absent)
                    continue
                sizes |= (
                    {KEPT: bytes_of["kept"], PEAK: bytes_of["peak"]}
                    if side.name == PYTORCH
                    else {side.name: bytes_of["peak"]}
                )
            cases.append(_case(f"N = {n}", sizes))
        notes = [
            (
                "numpytorch: the peak that tracemalloc sees during a step, less parameters and images. All arrays "
                "count, so do buffers that a backend keeps from step to step."
            ),
            (
                f"{KEPT}: the storages that operations save for backward, each once, without parameters and images, "
                "and one gradient a parameter: the least that a step can do with. No gradient of an activation counts."
            ),
            (
                f"{PEAK}: the largest sum of live blocks that PyTorch's allocator handed out in a step, by "
                "its profiler. What oneDNN takes by itself is not seen."
            ),
        ]
        return result(entry, cases, t, notes=notes)


def _case(title: str, sizes: dict[str, float]) -> Case:
    base = sizes.get(PEAK)
    rows = [
        Row(name=name, median=size / 2**20, low=size / 2**20, high=size / 2**20, repeats=1, ratio=base and size / base)
        for name, size in sizes.items()
    ]
    say("  " + title + ": " + ", ".join(f"{r.name} {r.median:.2f} MiB" for r in rows))
    return Case(title=title, unit="MiB", base=PEAK, rows=rows)
