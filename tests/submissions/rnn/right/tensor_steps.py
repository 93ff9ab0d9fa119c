"""Tensor operations, a step at a time: the states in a list, joined by npt.stack."""

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.03


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.W_x = nn.Parameter(npt.randn(input_size, hidden_size) * 0.15)
        self.W_h = nn.Parameter(npt.randn(hidden_size, hidden_size) * (0.9 / hidden_size**0.5))
        self.bias = nn.Parameter(npt.zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = npt.zeros(x.shape[0], self.hidden_size) if h0 is None else h0
        states = []
        for t in range(x.shape[1]):
            h = npt.tanh(x[:, t, :] @ self.W_x + h @ self.W_h + self.bias)
            states.append(h)
        return npt.stack(states, axis=1), h


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
