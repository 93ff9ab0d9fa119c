"""Autograd of HIPS: plain NumPy functions, and `value_and_grad`."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

import autograd
import autograd.numpy as anp
import numpy as np
from autograd.scipy.signal import convolve
from autograd.scipy.special import logsumexp

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
    return f"autograd {version_of('autograd')}, NumPy {np.__version__}"


def cnn_step(n: int, channels: int = 32, size: int = 28) -> Work:
    """A training step of the CNN: autograd's `convolve` and a pooling by reshape, as in its example of a CNN."""

    def convolution(x: Any, w: Any, b: Any) -> Any:
        flipped = w[:, :, ::-1, ::-1]  # (F, C, K, K): `convolve` flips filters, as mathematics does
        y = convolve(x, flipped, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        return y + b.reshape(1, -1, 1, 1)

    def pool(x: Any) -> Any:
        n, c, h, w = x.shape
        even = x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2)
        return anp.max(anp.max(even, axis=3), axis=4)

    def forward(x: Any, w: dict[str, Any]) -> Any:
        x = pool(anp.maximum(convolution(x, w["conv1.w"], w["conv1.b"]), 0.0))
        x = pool(anp.maximum(convolution(x, w["conv2.w"], w["conv2.b"]), 0.0))
        x = anp.maximum(x.reshape(len(x), -1) @ w["linear1.w"] + w["linear1.b"], 0.0)
        return x @ w["linear2.w"]

    return _training(forward, problems.cnn(n, channels, size))


def rnn_step(n: int, steps: int, inputs: int, hidden: int) -> Work:
    """A training step of the RNN, as in autograd's example of one."""

    def forward(x: Any, w: dict[str, Any]) -> Any:
        h = anp.tanh(x[:, 0] @ w["rnn.w_x"] + w["rnn.b"])
        for t in range(1, x.shape[1]):
            h = anp.tanh(x[:, t] @ w["rnn.w_x"] + h @ w["rnn.w_h"] + w["rnn.b"])
        return h @ w["linear.w"] + w["linear.b"]

    return _training(forward, problems.rnn(n, steps, inputs, hidden))


def _training(forward: Callable[[Any, dict[str, Any]], Any], problem: problems.Problem) -> Work:
    w = {name: weight.copy() for name, weight in problem.weights.items()}
    n = len(problem.x)
    gradients: dict[str, Array] = {}

    def loss_of(w: dict[str, Any]) -> Any:
        logits = forward(problem.x, w)
        chosen = logits[anp.arange(n), problem.labels]
        return anp.mean(logsumexp(logits, axis=1) - chosen)

    loss_and_gradients = autograd.value_and_grad(loss_of)

    def step() -> Any:
        loss, found = loss_and_gradients(w)
        for name, parameter in w.items():
            parameter -= problems.LEARNING_RATE * found[name]
        gradients.update(found)
        return loss

    return training(step, np.asarray, lambda: [gradients[name] for name in w])


def chain(kind: str) -> Work:
    """A chain of 100 small operations, forward and backward, from the product with the upstream gradient."""
    x, w, upstream = problems.chain_arrays()

    def product(*leaves: Any) -> Any:
        return anp.sum(compute_chain(anp, kind, leaves[0], leaves[-1]) * upstream)

    leaves = (x, w)[: used(kind)]
    gradient = autograd.grad(product, tuple(range(len(leaves))))

    def step() -> Any:
        return gradient(*leaves)

    return Work(step, lambda: {f"gradient {i}": g for i, g in enumerate(step())})
