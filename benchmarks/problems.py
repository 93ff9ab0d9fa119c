"""What all sides compute: the same arrays in every process, and the sizes of the model answers' networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpytorch._types import Array, Shape

LEARNING_RATE = 1e-3  # small: thousands of steps on one batch leave the numbers as they are


@dataclass(frozen=True)
class Problem:
    """A batch to train on: x, labels (N,), and the parameters to begin with, by name, all float32."""

    x: Array
    labels: Array
    weights: dict[str, Array]


def cnn(n: int, channels: int = 32, size: int = 28) -> Problem:
    """Make a batch (N, 1, size, size) for the model answer's network.

    Conv2d(1, C, 3), ReLU, MaxPool2d(2, 2), Conv2d(C, 2C, 3), ReLU, MaxPool2d(2, 2), Linear(flat, 128), ReLU,
    Linear(128, 10) without bias. Linear weights are (d_in, d_out).
    """
    flat = 2 * channels * cnn_side(size) ** 2
    shapes = {
        "conv1.w": (channels, 1, 3, 3),
        "conv1.b": (channels,),
        "conv2.w": (2 * channels, channels, 3, 3),
        "conv2.b": (2 * channels,),
        "linear1.w": (flat, 128),
        "linear1.b": (128,),
        "linear2.w": (128, 10),
    }
    return _problem((n, 1, size, size), shapes)


def cnn_side(size: int) -> int:
    """Return how many pixels wide the images are that the network's linear layer gets."""
    return ((size - 2) // 2 - 2) // 2


def rnn(n: int, steps: int, inputs: int, hidden: int) -> Problem:
    """Make a batch (N, T, D) for the model answer's network: RNN(D, H), Linear(H, 10) on the last state."""
    shapes = {
        "rnn.w_x": (inputs, hidden),
        "rnn.w_h": (hidden, hidden),
        "rnn.b": (hidden,),
        "linear.w": (hidden, 10),
        "linear.b": (10,),
    }
    return _problem((n, steps, inputs), shapes)


def _problem(x_shape: Shape, shapes: dict[str, Shape]) -> Problem:
    rng = np.random.default_rng(0)
    weights = {}
    for name, shape in shapes.items():
        fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
        scale = 0.1 if len(shape) == 1 else fan_in**-0.5
        weights[name] = (scale * rng.standard_normal(shape)).astype(np.float32)
    x = rng.random(x_shape, dtype=np.float32)
    return Problem(x, rng.integers(0, 10, x_shape[0]), weights)


def convolution(n: int, c: int, f: int, size: int, k: int) -> tuple[Array, Array, Array, Array]:
    """Return x (N, C, size, size), weight (F, C, k, k), bias (F,), and the output's gradient, float32."""
    rng = np.random.default_rng(0)
    out = size - k + 1
    shapes: list[Shape] = [(n, c, size, size), (f, c, k, k), (f,), (n, f, out, out)]
    x, weight, bias, dy = (rng.standard_normal(s, dtype=np.float32) for s in shapes)
    return x, weight, bias, dy


def multiply_adds(n: int, c: int, f: int, size: int, k: int) -> float:
    """Return how many multiplications, each with an addition, a convolution or a large gradient of it takes."""
    return float(n * f * c * k * k * (size - k + 1) ** 2)


CHAINS = ("mixed", "multiply", "add number", "tanh")
OPERATIONS = 100


def chain_arrays() -> tuple[Array, Array, Array]:
    """Return the start of a chain of small operations, what it is multiplied by, and its output's gradient: float64."""
    rng = np.random.default_rng(0)
    x, w, upstream = (rng.uniform(0.9, 1.1, 10) for _ in range(3))
    return x, w, upstream


def checked_arrays() -> list[Array]:
    """Return (x, weight, bias), float64, of the convolution whose gradients are checked: 3 filters on (2, 2, 6, 5)."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in ((2, 2, 6, 5), (3, 2, 3, 3), (3,))]
