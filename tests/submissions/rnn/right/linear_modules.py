"""Two nn.Linear: the one of the state has the bias. The steps are iterated over in time-first order."""

import numpytorch as npt
from numpytorch import Tensor, nn

BATCH_SIZE = 32
ITERATIONS = 1000
LEARNING_RATE = 0.03


class RNN(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.from_state = nn.Linear(hidden_size, hidden_size)
        self.from_state.w.arr *= 0.6
        self.from_input = nn.Linear(input_size, hidden_size, bias=False)

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = npt.zeros((len(x), self.hidden_size), dtype=x.dtype) if h0 is None else h0
        states = []
        for x_t in self.from_input(x).swapaxes(0, 1):
            h = npt.tanh(x_t + self.from_state(h))
            states.append(h)
        return npt.stack(states).transpose(1, 0, 2), h


class MNISTClassificationModel(nn.Module):
    def __init__(self) -> None:
        self.rnn = RNN(28, 64)
        self.head = nn.Linear(28 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(x.reshape(len(x), 28, 28))
        return self.head(states.reshape(len(x), 28 * 64))
