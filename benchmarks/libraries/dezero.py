"""DeZero, the library of Saitoh's book "Deep Learning from Scratch 3"."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import machine, problems
from benchmarks.libraries.common import chain as compute_chain
from benchmarks.libraries.common import training, used
from benchmarks.turns import Work

if TYPE_CHECKING:
    from numpytorch._types import Array

setattr(np, "int", int)  # noqa: B010 (its data sets still name what NumPy 1.24 dropped; nothing timed uses it)

dezero: Any = import_module("dezero")
F, L = dezero.functions, dezero.layers

pools = machine.pools


def version() -> str:
    """Return the versions that matter."""
    return f"DeZero {dezero.__version__}, NumPy {np.__version__}"


class _CNN(dezero.Model):  # type: ignore[misc]  # DeZero has no types
    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.conv1 = L.Conv2d(channels, 3, in_channels=1)
        self.conv2 = L.Conv2d(2 * channels, 3, in_channels=channels)
        self.linear1 = L.Linear(128, in_size=2 * channels * problems.cnn_side(size) ** 2)
        self.linear2 = L.Linear(10, nobias=True, in_size=128)

    def forward(self, x: Any) -> Any:
        x = F.pooling(F.relu(self.conv1(x)), 2, 2)
        x = F.pooling(F.relu(self.conv2(x)), 2, 2)
        return self.linear2(F.relu(self.linear1(F.reshape(x, (len(x), -1)))))


def cnn_step(n: int, channels: int = 32, size: int = 28) -> Work:
    """A training step of the CNN."""
    model = _CNN(channels, size)
    layers = (model.conv1, model.conv2, model.linear1)
    parameters = [p for layer in layers for p in (layer.W, layer.b)] + [model.linear2.W]
    return _training(model, problems.cnn(n, channels, size), parameters)


class _RNN(dezero.Model):  # type: ignore[misc]  # DeZero has no types
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.rnn = L.RNN(hidden)
        self.linear = L.Linear(10)

    def forward(self, x: Any) -> Any:
        self.rnn.reset_state()
        for t in range(x.shape[1]):
            h = self.rnn(x[:, t])
        return self.linear(h)


def rnn_step(n: int, steps: int, inputs: int, hidden: int) -> Work:
    """A training step of the RNN: its layer takes one step of the sequence."""
    model = _RNN(hidden)
    rnn = model.rnn
    parameters = [rnn.x2h.W, rnn.h2h.W, rnn.x2h.b, model.linear.W, model.linear.b]
    return _training(model, problems.rnn(n, steps, inputs, hidden), parameters)


def _training(model: Any, problem: problems.Problem, parameters: list[Any]) -> Work:
    for parameter, weight in zip(parameters, problem.weights.values(), strict=True):
        parameter.data = weight.copy()
    optimizer = dezero.optimizers.SGD(problems.LEARNING_RATE).setup(model)

    def step() -> Any:
        loss = F.softmax_cross_entropy(model(problem.x), problem.labels)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return training(step, lambda loss: loss.data, lambda: [p.grad.data for p in parameters])


def chain(kind: str) -> Work:
    """A chain of 100 small operations, forward and backward."""
    x, w, upstream = problems.chain_arrays()
    leaves = [dezero.Variable(a) for a in (x, w)]

    def step() -> None:
        for leaf in leaves:
            leaf.cleargrad()
        y = compute_chain(F, kind, leaves[0], leaves[1])
        y.grad = dezero.Variable(upstream)
        y.backward()

    def results() -> dict[str, Array]:
        step()
        return {f"gradient {i}": leaf.grad.data for i, leaf in enumerate(leaves[: used(kind)])}

    return Work(step, results)
