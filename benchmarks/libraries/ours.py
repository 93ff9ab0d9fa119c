"""numpytorch: its layers on a backend, the model answers of assignments, and loops as a student may begin with."""

from __future__ import annotations

import gc
import importlib.util
import os
import tracemalloc
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

import numpytorch as npt
from benchmarks import loops, machine, problems
from benchmarks.libraries.common import chain as compute_chain
from benchmarks.libraries.common import training, used
from benchmarks.turns import Absent, Work
from numpytorch import nn, optim
from numpytorch._backend import VARIABLE, BackendError
from numpytorch.autograd import gradcheck
from numpytorch.functions import tanh
from numpytorch.kernels import Window, kernels_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpytorch._types import Array
    from numpytorch.kernels import Kernels

pools = machine.pools


def version() -> str:
    """Return the versions that matter."""
    return f"numpytorch {version_of('numpytorch')}, NumPy {np.__version__}"


def answer(assignment: str) -> ModuleType:
    """Import the model answer of an assignment."""
    path = machine.ROOT / "assignments" / assignment / "solution.py"
    spec = importlib.util.spec_from_file_location(f"answer_{assignment}", path)
    assert spec is not None  # for type checkers: it ends in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cnn_step(
    n: int, channels: int = 32, size: int = 28, layers: str = "ours", backend: str = "", blas_threads: int = 0
) -> Work:
    """A training step of the CNN. layers: "ours" (numpytorch.nn), "answer" (of the assignment) or "loops".

    blas_threads: how many BLAS is to have, whatever the backend gives it; 0 for what that is.
    """
    npt.set_default_dtype(np.float32)
    made: Any = answer("cnn") if layers == "answer" else {"ours": nn, "loops": loops}[layers]
    model = nn.Sequential(
        made.Conv2d(1, channels, 3),
        nn.ReLU(),
        made.MaxPool2d(2, 2),
        made.Conv2d(channels, 2 * channels, 3),
        nn.ReLU(),
        made.MaxPool2d(2, 2),
        nn.Flatten(),
        nn.Linear(2 * channels * problems.cnn_side(size) ** 2, 128),
        nn.ReLU(),
        nn.Linear(128, 10, bias=False),
    )
    work = _training(model, problems.cnn(n, channels, size), backend)
    if blas_threads:
        threadpoolctl.threadpool_limits(blas_threads, user_api="blas")
    return work


class _Last(nn.Module):
    """An RNN, of which only the last state counts."""

    def __init__(self, rnn: Any, linear: nn.Linear) -> None:
        self.rnn = rnn
        self.linear = linear

    def forward(self, x: npt.Tensor) -> npt.Tensor:
        return self.linear(self.rnn(x)[1])


class _StepByStep(nn.Module):
    """An RNN of the library's small operations."""

    def __init__(self, inputs: int, hidden: int) -> None:
        self.w_x = nn.Parameter.new(inputs, hidden)
        self.w_h = nn.Parameter.new(hidden, hidden)
        self.b = nn.Parameter(npt.zeros(hidden))

    def forward(self, x: npt.Tensor) -> tuple[None, npt.Tensor]:
        h = npt.zeros(len(x), len(self.w_h))
        for t in range(x.shape[1]):
            h = tanh(x[:, t] @ self.w_x + h @ self.w_h + self.b)
        return None, h


def rnn_step(n: int, steps: int, inputs: int, hidden: int, layers: str = "ours", backend: str = "") -> Work:
    """A training step of the RNN. layers: "ours" (numpytorch.nn), "answer", or "steps" (small operations)."""
    npt.set_default_dtype(np.float32)
    made: Any = answer("rnn").RNN if layers == "answer" else {"ours": nn.RNN, "steps": _StepByStep}[layers]
    model = _Last(made(inputs, hidden), nn.Linear(hidden, 10))
    return _training(model, problems.rnn(n, steps, inputs, hidden), backend)


def _training(model: nn.Module, problem: problems.Problem, backend: str) -> Work:
    parameters = list(model.parameters())
    for parameter, weight in zip(parameters, problem.weights.values(), strict=True):
        parameter.arr[...] = weight
    optimizer, criterion = optim.SGD(parameters, lr=problems.LEARNING_RATE), nn.CrossEntropyLoss()
    x, labels = npt.tensor(problem.x), npt.tensor(problem.labels)

    def step() -> npt.Tensor:
        optimizer.zero_grad()
        loss: npt.Tensor = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    choose(backend)
    return training(step, lambda loss: loss.arr, lambda: [p.grad for p in parameters])


def choose(backend: str) -> None:
    """Have layers compute with a backend from now on, or as they do if it is "". Raises Absent if it is not there."""
    if backend:
        _kernels(backend)
        os.environ[VARIABLE] = backend
        assert kernels_of().name == backend


def cnn_memory(n: int, **settings: Any) -> dict[str, float]:
    """Return the bytes at the peak of a CNN training step beside its parameters and images, by tracemalloc.

    What earlier steps left for this one, such as a backend's buffers, counts. Every NumPy array is seen.
    """
    cnn_step(1, **settings).step()  # imports and compiles
    problem = problems.cnn(n)
    there = sum(a.nbytes for a in (problem.x, problem.labels, *problem.weights.values()))
    tracemalloc.start()
    work = cnn_step(n, **settings)  # it makes the problem a second time, and keeps its images and a copy of its weights
    work.step()
    gc.collect()
    tracemalloc.reset_peak()
    work.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"peak": float(peak - there)}


def chain(kind: str) -> Work:
    """A chain of 100 small operations, forward and backward."""
    x, w, upstream = problems.chain_arrays()
    leaves = [npt.Tensor(a, requires_grad=True) for a in (x, w)]

    def step() -> None:
        leaves[0].grad = leaves[1].grad = None
        compute_chain(npt, kind, leaves[0], leaves[1]).backward(upstream)

    def results() -> dict[str, Array]:
        step()
        return {f"gradient {i}": np.asarray(leaf.grad) for i, leaf in enumerate(leaves[: used(kind)])}

    return Work(step, results)


def convolution(operation: str, n: int, c: int, f: int, size: int, k: int, backend: str = "numpy") -> Work:
    """One of a convolution's kernels: "forward", or "gradient of x", "of weight", "of bias"."""
    kernels = _kernels(backend)
    x, weight, bias, dy = problems.convolution(n, c, f, size, k)
    window = Window((k, k))
    step: Callable[[], Array] = {
        "forward": lambda: kernels.conv2d(x, weight, bias, window),
        "gradient of x": lambda: kernels.conv2d_grad_input(dy, weight, x.shape, window),
        "gradient of weight": lambda: kernels.conv2d_grad_weight(dy, x, window),
        "gradient of bias": lambda: kernels.conv2d_grad_bias(dy),
    }[operation]
    return Work(step, lambda: {"result": step()})


def pooling(operation: str, n: int, c: int, size: int, k: int, backend: str = "numpy") -> Work:
    """A kernel of pooling, of windows k wide, side by side: "max", "max, gradient", "average", "average, gradient"."""
    kernels = _kernels(backend)
    x, _, _, dy = problems.convolution(n, c, c, size, size - size // k + 1)  # dy (N, C, size // k, size // k)
    window = Window((k, k), stride=(k, k))
    places = kernels.max_pool2d(x, window)[1]
    step: Callable[[], Array] = {
        "max": lambda: kernels.max_pool2d(x, window)[0],
        "max, gradient": lambda: kernels.max_pool2d_grad_input(dy, places, x.shape, window),
        "average": lambda: kernels.avg_pool2d(x, window),
        "average, gradient": lambda: kernels.avg_pool2d_grad_input(dy, x.shape, window),
    }[operation]
    return Work(step, lambda: {"result": step()})


def _kernels(backend: str) -> Kernels:
    try:
        return kernels_of(backend)
    except BackendError as error:
        raise Absent(str(error)) from None


def sgemm(size: int, backend: str = "") -> Work:
    """NumPy's product of two float32 matrices, (size, size): the rate that others are a share of.

    backend: has no part in it.
    """
    del backend
    a, b = np.random.default_rng(0).standard_normal((2, size, size), dtype=np.float32)
    return Work(lambda: a @ b, lambda: {"result": a @ b})


def gradient_check() -> Work:
    """`numpytorch.autograd.gradcheck` on nn.Conv2d's function of (x, weight, bias), every entry, float64."""
    layer = nn.Conv2d(2, 3, 3)
    leaves = [npt.Tensor(a, requires_grad=True) for a in problems.checked_arrays()]

    def convolve(x: npt.Tensor, weight: npt.Tensor, bias: npt.Tensor) -> npt.Tensor:
        layer.w, layer.b = weight, bias  # type: ignore[assignment]  # what is checked need not be a Parameter
        return layer(x)

    def step() -> None:
        assert gradcheck(convolve, leaves)

    return Work(step, lambda: _passed(step))


def _passed(step: Callable[[], None]) -> dict[str, Array]:
    step()  # it raises if it fails
    return {"passes": np.ones(1)}
