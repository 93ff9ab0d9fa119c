"""The entries: what can be measured, each by a function that returns a `Result`."""

from __future__ import annotations

import datetime
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.machine import this_machine
from benchmarks.results import Case, Result, Slope
from benchmarks.turns import THREADS, Side, Turns

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Entry:
    """Something to measure: its name, its title, and the function "module:name" that does it.

    needs: what it takes that few machines have; nothing for most.
    """

    name: str
    title: str
    function: str
    needs: str = ""

    def run(self) -> Result:
        """Measure it. Raises DisagreementError if sides compute different results, Absent without what it needs."""
        module, name = self.function.split(":")
        measure = getattr(importlib.import_module(f"benchmarks.entries.{module}"), name)
        return cast("Callable[[Entry], Result]", measure)(self)


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("cnn", "CNN training step, N = 32, float32", "steps:cnn"),
        Entry("cnn256", "CNN training step, N = 256, float32", "steps:cnn256"),
        Entry("rnn", "RNN training step, N = 64, T = 28, D = 28, H = 128, float32", "steps:rnn"),
        Entry("kernels", "Convolution and pooling alone, float32", "kernels:kernels"),
        Entry("chain", "Chains of 100 small operations on 10 numbers, forward and backward, float64", "small:chain"),
        Entry("gradcheck", "Checking the gradients of Conv2d(2, 3, 3) on (2, 2, 6, 5), float64", "small:gradcheck"),
        Entry("memory", "Memory of a CNN training step, float32", "memory:memory"),
        Entry("threads", "CNN training step, N = 32: threads of BLAS and of the Numba backend", "steps:threads"),
        Entry("growth", "How cost grows: batch, channels, image size, sequence length", "growth:growth"),
        Entry("check", "Checking one hand-in: autograder check cnn on the model answer", "grading:check"),
        Entry("class", "Grading a class, by workers and by size", "grading:whole_class"),
        Entry(
            "cuda",
            "CUDA: convolutions beside cuDNN, and a CNN training step",
            "cuda:cuda",
            needs="an NVIDIA GPU that PyTorch and Numba can use",
        ),
    )
}

NUMPY, NUMBA, PYTORCH = "numpytorch, numpy", "numpytorch, numba", "PyTorch"


def ours(backend: str = "numpy") -> Side:
    """Return numpytorch with a backend."""
    return Side(f"numpytorch, {backend}", "ours", {"backend": backend})


OTHERS = [
    Side(PYTORCH, "pytorch"),
    Side("DeZero", "dezero"),
    Side("MyGrad", "mygrad"),
    Side("HIPS autograd", "hips"),
    Side("tinygrad", "tinygrad"),
]
MINITORCH = {
    "minitorch": "the course's library is on no package index; the package of that name there is another, which "
    "installs itself over PyTorch's files: do not install it beside PyTorch"
}


def result(
    entry: Entry,
    cases: list[Case],
    turns: Turns | None = None,
    *,
    slopes: list[Slope] | None = None,
    notes: list[str] | None = None,
    absent: dict[str, str] | None = None,
) -> Result:
    """Make an entry's result of what was measured, with the versions of the sides that took turns."""
    return Result(
        entry=entry.name,
        title=entry.title,
        taken=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M"),
        threads=turns.threads if turns else THREADS,
        machine=this_machine(),
        versions=turns.versions() if turns else {},
        cases=cases,
        slopes=slopes or [],
        absent=(turns.absent if turns else {}) | (absent or {}),
        notes=notes or [],
    )
