"""A cell for one step, in a module of its own; the RNN holds a cell."""

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 700
LEARNING_RATE = 0.05


class RNNCell(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.weight_ih = nn.Parameter(npt.randn(input_size, hidden_size) * 0.15)
        self.weight_hh = nn.Parameter(npt.randn(hidden_size, hidden_size) * (0.9 / hidden_size**0.5))
        self.bias = nn.Parameter(npt.zeros(hidden_size))
        self.activation = nn.Tanh()

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        return self.activation(x @ self.weight_ih + h @ self.weight_hh + self.bias)


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.cell = RNNCell(input_size, hidden_size)

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = npt.zeros(len(x), self.hidden_size, dtype=x.dtype) if h0 is None else h0
        outputs = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            outputs.append(h)
        return npt.stack(outputs, axis=1), h


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
