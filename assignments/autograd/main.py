"""Train a network on two moons, with nothing but the parts of assignment.py: rules, backward pass, weights, steps.

    python main.py

The numbers are NumPy's; every gradient is yours. Expect the loss to fall below 0.1, and 99 % to be right.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from numpytorch import Tensor

from assignment import SGD, he_uniform, propagate
from harness import Rule

Array = NDArray[np.float64]

add, mul, matmul = Rule("add"), Rule("mul"), Rule("matmul")
relu, sigmoid, log, total = Rule("relu"), Rule("sigmoid"), Rule("log"), Rule("sum", None, False)

STEPS = 1500
HIDDEN = 16


def two_moons(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw n points (n, 2) on two half circles that reach into each other, and which of them each is on (n, 1)."""
    angle = rng.uniform(0, np.pi, n)
    upper = rng.integers(2, size=n).astype(np.float64)
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y], axis=1) + 0.1 * rng.standard_normal((n, 2)), upper[:, None]


class Network:
    """Two layers: (N, 2) -> (N, HIDDEN) -> the probability (N, 1) that a point is on the upper moon."""

    def __init__(self) -> None:
        self.w1 = Tensor(he_uniform(2, HIDDEN), requires_grad=True)
        self.b1 = Tensor(np.zeros(HIDDEN), requires_grad=True)
        self.w2 = Tensor(he_uniform(HIDDEN, 1), requires_grad=True)
        self.b2 = Tensor(np.zeros(1), requires_grad=True)

    def __call__(self, x: Tensor) -> Tensor:
        hidden = relu(add(matmul(x, self.w1), self.b1))
        return sigmoid(add(matmul(hidden, self.w2), self.b2))


def cross_entropy(p: Tensor, upper: Array) -> Tensor:
    """Average -log of the probability that was given to the right moon: p, or 1 - p."""
    right = add(mul(p, Tensor(2 * upper - 1)), Tensor(1 - upper))
    return mul(total(log(right)), Tensor(-1 / len(upper)))


def train() -> tuple[float, float]:
    """Train, printing the loss now and then; return the last loss, and the share of new points that are told right."""
    rng = np.random.default_rng(0)
    np.random.seed(0)  # for he_uniform
    points, upper = two_moons(200, rng)
    network = Network()
    optimizer = SGD([network.w1, network.b1, network.w2, network.b2], lr=1.0)
    for step in range(STEPS):
        loss = cross_entropy(network(Tensor(points)), upper)
        optimizer.zero_grad()
        propagate(loss.node, np.ones(()))
        optimizer.step()
        if step % (STEPS // 10) == 0:
            print(f"step {step:5d}   loss {loss.item():.4f}")
    new_points, new_upper = two_moons(1000, rng)
    told = network(Tensor(new_points)).arr > 0.5
    return loss.item(), float((told == new_upper).mean())


def main() -> int:
    """Train, or say which part is missing or wrong. Returns the exit status."""
    try:
        loss, right = train()
    except NotImplementedError as missing:
        print(f"Not yet, for this part is still to be written. {missing}")
        print("The network needs: Add, Mul, Matmul, Sum, Log, Sigmoid, ReLU, unbroadcast, propagate, he_uniform, SGD.")
        return 1
    print(f"{right:.1%} of 1,000 new points are told right, with a loss of {loss:.4f}.")
    if not loss < 0.1:
        print(
            "That should be below 0.1: one of the parts is wrong. `autograder check autograd assignment.py` says which."
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
