"""tinygrad on the CPU: lazy, with a compiler. A training step is jitted, as its own examples do."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

import numpy as np
from tinygrad import Context, Tensor, TinyJit
from tinygrad import nn as tnn

from benchmarks import problems
from benchmarks.libraries.common import chain as compute_chain
from benchmarks.libraries.common import used
from benchmarks.turns import Absent, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array

if not shutil.which(os.environ.get("CC", "clang")):
    raise Absent("tinygrad's CPU device needs a C compiler, clang, and there is none")


def version() -> str:
    """Return the versions that matter."""
    return f"tinygrad {version_of('tinygrad')}"


def pools() -> str:
    """Return the threads of each pool."""
    return f"NUM_CPU_THREADS={os.environ.get('NUM_CPU_THREADS', 'as many as cores')}, jitted"


def cnn_step(n: int, channels: int = 32, size: int = 28) -> Work:
    """A training step of the CNN."""

    def forward(x: Tensor, w: dict[str, Tensor]) -> Tensor:
        x = x.conv2d(w["conv1.w"], w["conv1.b"]).relu().max_pool2d((2, 2))
        x = x.conv2d(w["conv2.w"], w["conv2.b"]).relu().max_pool2d((2, 2))
        x = x.flatten(1).linear(w["linear1.w"], w["linear1.b"]).relu()
        return x.linear(w["linear2.w"])

    return _training(forward, problems.cnn(n, channels, size))


def rnn_step(n: int, steps: int, inputs: int, hidden: int) -> Work:
    """A training step of the RNN, of small operations: tinygrad has no layer for it."""

    def forward(x: Tensor, w: dict[str, Tensor]) -> Tensor:
        h = x[:, 0].linear(w["rnn.w_x"], w["rnn.b"]).tanh()
        for t in range(1, int(x.shape[1])):
            h = (x[:, t].linear(w["rnn.w_x"], w["rnn.b"]) + h @ w["rnn.w_h"]).tanh()
        return h.linear(w["linear.w"], w["linear.b"])

    return _training(forward, problems.rnn(n, steps, inputs, hidden))


def _training(forward: Callable[[Tensor, dict[str, Tensor]], Tensor], problem: problems.Problem) -> Work:
    w = {name: Tensor(weight) for name, weight in problem.weights.items()}
    optimizer = tnn.optim.SGD(list(w.values()), lr=problems.LEARNING_RATE)
    x, labels = Tensor(problem.x), Tensor(problem.labels.astype(np.int32))

    def loss_and_backward() -> Tensor:
        optimizer.zero_grad()
        return forward(x, w).sparse_categorical_crossentropy(labels).backward()

    def compute() -> Any:
        loss = loss_and_backward()
        optimizer.step()
        return loss.realize()

    jitted = TinyJit(compute)

    def step() -> Any:
        with Context(TRAINING=1):
            return jitted().numpy()  # waits until it is computed

    def results() -> dict[str, Array]:
        first = {"loss": loss_and_backward().numpy()}
        first |= {f"gradient {i}": p.grad.numpy() for i, p in enumerate(w.values())}
        for _ in range(3):
            step()  # records, compiles, and runs as it will
        return first

    return Work(step, results)


def chain(kind: str) -> Work:
    """A chain of 100 small operations, forward and backward; jitted, so one kernel may hold many of them."""
    x, w, upstream = problems.chain_arrays()
    leaves = [Tensor(a) for a in (x, w)][: used(kind)]
    dy = Tensor(upstream)

    def compute() -> Any:
        y = compute_chain(_Functions, kind, leaves[0], leaves[-1])
        return [g.realize() for g in (y * dy).sum().gradient(*leaves)]

    jitted = TinyJit(compute)

    def step() -> Any:
        return [g.numpy() for g in jitted()]

    def results() -> dict[str, Array]:
        for _ in range(3):
            found = step()
        return {f"gradient {i}": g for i, g in enumerate(found)}

    return Work(step, results)


class _Functions:
    tanh = staticmethod(Tensor.tanh)
    sin = staticmethod(Tensor.sin)
