"""LSTM: a recurrent layer with a memory behind gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch.autograd.grad_fn import attach
from numpytorch.functions import sigmoid, stack, tanh
from numpytorch.kernels import kernels_of
from numpytorch.nn.recurrent.sequence import Recurrent, SequenceGradFn, arrays

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array
    from numpytorch.kernels import Kernels

State = tuple["Tensor", "Tensor"]


class LSTM(Recurrent):
    """A state h and a memory c, with four gates that are columns of w_x (D, 4H), w_h (H, 4H) and b (4H,):

        i, f, g, o = x_t w_x + h_{t-1} w_h + b        in the order of the columns, H each
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t)

    Weights of torch.nn.LSTM(D, H, batch_first=True) carry over, for its order is the same: w_x = weight_ih_l0.T,
    w_h = weight_hh_l0.T, b = bias_ih_l0 + bias_hh_l0.
    backend: see `Recurrent`.
    Source: Hochreiter & Schmidhuber 1997; with the gate f, Gers et al. 2000, Neural Computation 12.
    """

    def __init__(self, input_size: int, hidden_size: int, *, backend: str | None = None) -> None:
        super().__init__(input_size, hidden_size, gates=4, backend=backend)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read sequences x (N, T, D) from the state (h0, c0), each (N, H), zeros if it is not given.

        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last (h_T, c_T), (N, H) each.
        Raises ShapeError if shapes do not fit.
        """
        h0, c0 = (None, None) if state is None else state
        self.checked(x)
        y = lstm(
            kernels_of(self.backend), x, self.state(h0, x, "h0"), self.state(c0, x, "c0"), self.w_x, self.w_h, self.b
        )
        outputs = y[:-1].swapaxes(0, 1)
        return outputs, (y[-2], y[-1])


class LSTMGradFn(SequenceGradFn):
    """The rule of `lstm`."""

    def pull_back(
        self,
        x: TensorNode,
        h0: TensorNode,
        c0: TensorNode,
        w_x: TensorNode,
        w_h: TensorNode,
        b: TensorNode,
        y: OutputNode,
    ) -> tuple[Array | None, ...]:
        """Go back through time."""
        return self.back(self.kernels.lstm_grad, y.grad, x, w_x, w_h)

    def composed(self, *inputs: Tensor) -> Tensor:
        """Compute the states, and the last memory, step by step."""
        x, h, c, w_x, w_h, b = inputs
        hidden = h.shape[1]
        states = []
        for t in range(x.shape[1]):
            a = x[:, t] @ w_x + h @ w_h + b
            i, f, g, o = (a[:, k * hidden : (k + 1) * hidden] for k in range(4))
            c = sigmoid(f) * c + sigmoid(i) * tanh(g)
            h = sigmoid(o) * tanh(c)
            states.append(h)
        return stack([*states, c])


def lstm(kernels: Kernels, *inputs: Tensor) -> Tensor:
    """Compute h_1, ..., h_T and c_T of an LSTM, joined to (T + 1, N, H), as one operation.

    inputs: x (N, T, D), h0, c0, w_x, w_h and b.
    """
    saved = kernels.lstm(*arrays(*inputs))
    return attach(saved[0][1:], LSTMGradFn(kernels, saved, *inputs))
