"""A GradFn for the whole sequence, in loops over time and over the batch, as the formulas of the handout have it."""

from typing import Any

import numpy as np

from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, attach

BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.03


class BPTT(GradFn):
    def f_d(self, x: Any, h0: Any, wx: Any, wh: Any, b: Any, y: Any) -> tuple[Any, ...]:
        dx, dh0 = np.zeros_like(x.arr), np.zeros_like(h0.arr)
        dwx, dwh, db = np.zeros_like(wx.arr), np.zeros_like(wh.arr), np.zeros_like(b.arr)
        n, steps, _ = x.shape
        for i in range(n):
            later = np.zeros_like(b.arr)
            for t in range(steps - 1, -1, -1):
                h = y.arr[i, t]
                previous = y.arr[i, t - 1] if t > 0 else h0.arr[i]
                da = (y.grad[i, t] + later) * (1 - h**2)
                dwx += np.outer(x.arr[i, t], da)
                dwh += np.outer(previous, da)
                db += da
                dx[i, t] = wx.arr @ da
                later = wh.arr @ da
            dh0[i] = later
        return dx, dh0, dwx, dwh, db


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.wx = nn.Parameter.new(input_size, hidden_size)
        self.wh = nn.Parameter.new(hidden_size, hidden_size)
        self.b = nn.Parameter(np.zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if h0 is None:
            h0 = Tensor(np.zeros((x.shape[0], self.b.shape[0])))
        out = np.zeros((x.shape[0], x.shape[1], self.b.shape[0]))
        for i in range(x.shape[0]):
            h = h0.arr[i]
            for t in range(x.shape[1]):
                h = np.tanh(x.arr[i, t] @ self.wx.arr + h @ self.wh.arr + self.b.arr)
                out[i, t] = h
        states = attach(out, BPTT(x, h0, self.wx, self.wh, self.b))
        return states, states[:, -1]


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
