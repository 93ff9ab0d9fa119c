"""NumPy's own functions, on Tensors."""

from typing import Any

import numpy as np

from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.03


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(0.15 * np.random.randn(input_size, hidden_size))
        self.weight_hh = nn.Parameter(0.9 * np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size))
        self.bias = nn.Parameter(np.zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        n, steps = x.shape[:2]
        h: Any = Tensor(np.zeros((n, self.hidden_size))) if h0 is None else h0
        states: Any = []
        for t in range(steps):
            h = np.tanh(np.matmul(x[:, t], self.weight_ih) + np.matmul(h, self.weight_hh) + self.bias)
            states.append(h)
        outputs: Any = np.stack(states, axis=1)
        return outputs, h


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
