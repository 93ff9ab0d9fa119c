"""Small models learn small tasks."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numpytorch import Tensor, nn, optim

OPTIMIZERS: dict[str, Callable[[list[nn.Parameter]], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, 0.5),
    "SGD with momentum": lambda p: optim.SGD(p, 0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, 0.02),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_mlp_learns_to_tell_two_rings_apart(name: str, dtype: Any) -> None:
    np.random.seed(0)
    angle, label = np.random.uniform(0, 2 * np.pi, 101), np.arange(101) % 2
    rings = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + label[:, None])
    model = nn.Sequential(nn.Linear(2, 17), nn.ReLU(), nn.Linear(17, 2))
    for p in model.parameters():
        p.arr = p.arr.astype(dtype)
    optimizer = OPTIMIZERS[name](model.parameters())
    criterion = nn.CrossEntropyLoss()
    x = Tensor(rings.astype(dtype))
    losses = []
    for _ in range(300):
        optimizer.zero_grad()
        loss = criterion(model(x), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.3
    assert losses[-1] < 0.02
    assert (model(x).arr.argmax(-1) == label).all()
    assert all(p.dtype == dtype for p in model.parameters())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_linear_layer_finds_the_least_squares_solution(name: str) -> None:
    np.random.seed(0)
    x = np.random.standard_normal((53, 3))
    w, b = np.array([[1.0], [-2.0], [0.5]]), 0.7
    layer = nn.Linear(3, 1)
    optimizer = OPTIMIZERS[name](layer.parameters())
    for _ in range(600):
        optimizer.zero_grad()
        nn.MSELoss()(layer(Tensor(x)), x @ w + b).backward()
        optimizer.step()
    assert layer.b is not None
    np.testing.assert_allclose(layer.w.arr, w, atol=1e-3)
    np.testing.assert_allclose(layer.b.arr, [b], atol=1e-3)
