"""MyGrad: NumPy with gradients, by Soklaski."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mygrad
import numpy as np
from mygrad.nnet import relu
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks import machine, problems
from benchmarks.libraries.common import chain as compute_chain
from benchmarks.libraries.common import training, used
from benchmarks.turns import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array

pools = machine.pools


def version() -> str:
    """Return the versions that matter."""
    return f"MyGrad {mygrad.__version__}, NumPy {np.__version__}"


def cnn_step(n: int, channels: int = 32, size: int = 28) -> Work:
    """A training step of the CNN, of mygrad.nnet's functions."""

    def forward(x: Any, w: dict[str, Any]) -> Any:
        x = conv_nd(x, w["conv1.w"], stride=1) + w["conv1.b"].reshape(1, -1, 1, 1)
        x = max_pool(relu(x), (2, 2), 2)
        x = conv_nd(x, w["conv2.w"], stride=1) + w["conv2.b"].reshape(1, -1, 1, 1)
        side = x.shape[2] // 2 * 2
        x = max_pool(relu(x)[:, :, :side, :side], (2, 2), 2)  # its windows must fill the image
        x = relu(x.reshape(len(x), -1) @ w["linear1.w"] + w["linear1.b"])
        return x @ w["linear2.w"]

    return _training(forward, problems.cnn(n, channels, size))


def rnn_step(n: int, steps: int, inputs: int, hidden: int) -> Work:
    """A training step of the RNN, of small operations: MyGrad has no layer for it."""

    def forward(x: Any, w: dict[str, Any]) -> Any:
        h = mygrad.tanh(x[:, 0] @ w["rnn.w_x"] + w["rnn.b"])
        for t in range(1, x.shape[1]):
            h = mygrad.tanh(x[:, t] @ w["rnn.w_x"] + h @ w["rnn.w_h"] + w["rnn.b"])
        return h @ w["linear.w"] + w["linear.b"]

    return _training(forward, problems.rnn(n, steps, inputs, hidden))


def _training(forward: Callable[[Any, dict[str, Any]], Any], problem: problems.Problem) -> Work:
    w = {name: mygrad.tensor(weight) for name, weight in problem.weights.items()}

    def step() -> Any:
        loss = softmax_crossentropy(forward(problem.x, w), problem.labels)
        loss.backward()
        for parameter in w.values():
            parameter.data -= problems.LEARNING_RATE * parameter.grad
        return loss

    return training(step, lambda loss: loss.data, lambda: [p.grad for p in w.values()])


def chain(kind: str) -> Work:
    """A chain of 100 small operations, forward and backward."""
    x, w, upstream = problems.chain_arrays()
    leaves = [mygrad.tensor(a) for a in (x, w)]

    def step() -> None:
        compute_chain(mygrad, kind, leaves[0], leaves[1]).backward(upstream)

    def results() -> dict[str, Array]:
        step()
        return {f"gradient {i}": leaf.grad for i, leaf in enumerate(leaves[: used(kind)])}

    return Work(step, results)
