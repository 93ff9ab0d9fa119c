"""float32 throughout, whatever comes in."""

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 700
LEARNING_RATE = 0.05


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        def draw(*shape: int) -> nn.Parameter:
            return nn.Parameter(np.random.uniform(-0.3, 0.3, shape).astype(np.float32))

        self.hidden_size = hidden_size
        self.w_in = draw(input_size, hidden_size)
        self.w_rec = draw(hidden_size, hidden_size)
        self.b = nn.Parameter(np.zeros(hidden_size, dtype=np.float32))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        x = x.astype(np.float32)
        h = npt.zeros(len(x), self.hidden_size, dtype=np.float32) if h0 is None else h0.astype(np.float32)
        w_in, w_rec, b = (p.astype(np.float32) for p in (self.w_in, self.w_rec, self.b))
        states = []
        for t in range(x.shape[1]):
            h = npt.tanh(x[:, t] @ w_in + h @ w_rec + b)
            states.append(h)
        return npt.stack(states, axis=1), h


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
