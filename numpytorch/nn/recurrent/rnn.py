"""RNN: the plain recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch.autograd.grad_fn import attach
from numpytorch.functions import stack, tanh
from numpytorch.kernels import kernels_of
from numpytorch.nn.recurrent.sequence import Recurrent, SequenceGradFn, arrays, swapped

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array
    from numpytorch.kernels import Kernels


class RNN(Recurrent):
    """h_t = tanh(x_t w_x + h_{t-1} w_h + b), with w_x (D, H), w_h (H, H), b (H,).

    Weights of torch.nn.RNN(D, H, batch_first=True) carry over: w_x = weight_ih_l0.T, w_h = weight_hh_l0.T,
    b = bias_ih_l0 + bias_hh_l0.
    backend: see `Recurrent`.
    Source: Elman 1990, Cognitive Science 14.
    """

    def __init__(self, input_size: int, hidden_size: int, *, backend: str | None = None) -> None:
        super().__init__(input_size, hidden_size, gates=1, backend=backend)

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read sequences x (N, T, D) from the state h0 (N, H), zeros if it is not given.

        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last one, h_T (N, H).
        Raises ShapeError if shapes do not fit.
        """
        outputs = rnn(kernels_of(self.backend), self.checked(x), self.state(h0, x, "h0"), self.w_x, self.w_h, self.b)
        return outputs, outputs[:, -1]


class RNNGradFn(SequenceGradFn):
    """The rule of `rnn`."""

    def pull_back(
        self, x: TensorNode, h0: TensorNode, w_x: TensorNode, w_h: TensorNode, b: TensorNode, y: OutputNode
    ) -> tuple[Array | None, ...]:
        """Go back through time."""
        return self.back(self.kernels.rnn_grad, swapped(y.grad), x, w_x, w_h)

    def composed(self, *inputs: Tensor) -> Tensor:
        """Compute the states step by step."""
        x, h, w_x, w_h, b = inputs
        states = []
        for t in range(x.shape[1]):
            h = tanh(x[:, t] @ w_x + h @ w_h + b)
            states.append(h)
        return stack(states, axis=1)


def rnn(kernels: Kernels, *inputs: Tensor) -> Tensor:
    """Compute the states (N, T, H) of an RNN, from x (N, T, D), h0, w_x, w_h and b, as one operation."""
    saved = kernels.rnn(*arrays(*inputs))
    return attach(swapped(saved[0][1:]), RNNGradFn(kernels, saved, *inputs))
