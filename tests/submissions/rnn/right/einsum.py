"""Products by einsum; the states joined by concatenate along time."""

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.03


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.U = nn.Parameter(npt.randn(input_size, hidden_size) * 0.15)
        self.V = nn.Parameter(npt.randn(hidden_size, hidden_size) * (0.9 / hidden_size**0.5))
        self.c = nn.Parameter(npt.zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        n, steps, _ = x.shape
        h = h0 if h0 is not None else npt.zeros(n, self.hidden_size, dtype=x.dtype)
        a = npt.einsum("ntd,dh->tnh", x, self.U)
        columns = []
        for t in range(steps):
            h = npt.tanh(a[t] + npt.einsum("nk,kh->nh", h, self.V) + self.c)
            columns.append(npt.unsqueeze(h, 1))
        return npt.concatenate(columns, axis=1), h


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
