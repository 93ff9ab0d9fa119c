"""A GradFn for one step; the engine goes back through time."""

import numpy as np
from numpy.typing import NDArray

import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, OutputNode, TensorNode, attach

BATCH_SIZE = 32
ITERATIONS = 700
LEARNING_RATE = 0.05

Array = NDArray[np.floating]


class StepGradFn(GradFn):
    def f_d(
        self, x: TensorNode, h: TensorNode, w_x: TensorNode, w_h: TensorNode, b: TensorNode, y: OutputNode
    ) -> tuple[Array, Array, Array, Array, Array]:
        da = y.grad * (1 - y.arr**2)
        return da @ w_x.arr.T, da @ w_h.arr.T, x.arr.T @ da, h.arr.T @ da, da.sum(axis=0)


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.w_x = nn.Parameter(npt.randn(input_size, hidden_size) * 0.15)
        self.w_h = nn.Parameter(npt.randn(hidden_size, hidden_size) * (0.9 / hidden_size**0.5))
        self.b = nn.Parameter(npt.zeros(hidden_size))

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        y = np.tanh(x.arr @ self.w_x.arr + h.arr @ self.w_h.arr + self.b.arr)
        return attach(y, StepGradFn(x, h, self.w_x, self.w_h, self.b))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = npt.zeros(len(x), self.hidden_size, dtype=x.dtype) if h0 is None else h0
        states: list[Tensor] = []
        for t in range(x.shape[1]):
            h = self.step(x[:, t], h)
            states.append(h)
        return npt.stack(states, axis=1), states[-1]


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
