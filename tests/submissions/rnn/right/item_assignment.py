"""Tensor operations, each state assigned into a Tensor of zeros; x W_x for all steps at once."""

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 700
LEARNING_RATE = 0.05


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden = hidden_size
        # Created in another order, under other names than the handout's.
        self.offset = nn.Parameter(npt.zeros(hidden_size))
        self.recurrent = nn.Parameter((npt.rand(hidden_size, hidden_size) * 2 - 1) * (1.5 / hidden_size**0.5))
        self.kernel = nn.Parameter((npt.rand(input_size, hidden_size) * 2 - 1) * 0.25)

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        n, steps, _ = x.shape
        driven = x @ self.kernel + self.offset
        out = npt.zeros((n, steps, self.hidden), dtype=x.dtype)
        state = h0 if h0 is not None else npt.zeros((n, self.hidden), dtype=x.dtype)
        for t in range(steps):
            state = npt.tanh(driven[:, t] + state @ self.recurrent)
            out[:, t] = state
        return out, out[:, steps - 1]


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
