"""One product a step: [x_t, h] with [W_x; W_h] stacked, which are two parameters."""

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.03


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.weight_x = nn.Parameter(npt.randn(input_size, hidden_size) * 0.15)
        self.weight_h = nn.Parameter(npt.randn(hidden_size, hidden_size) * (0.9 / hidden_size**0.5))
        self.bias = nn.Parameter(npt.zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        n, steps, _ = x.shape
        weight = npt.concatenate([self.weight_x, self.weight_h], axis=0)  # (D + H, H)
        h = npt.zeros(n, self.hidden_size, dtype=x.dtype) if h0 is None else h0
        outputs = []
        for t in range(steps):
            both = npt.concatenate([x[:, t], h], axis=1)  # (N, D + H)
            h = npt.tanh(both @ weight + self.bias)
            outputs.append(h)
        return npt.stack(outputs, axis=1), outputs[-1]


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
