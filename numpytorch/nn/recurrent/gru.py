"""GRU: a recurrent layer with gates, and no memory but its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch.autograd.grad_fn import attach
from numpytorch.functions import sigmoid, stack, tanh, zeros
from numpytorch.kernels import kernels_of
from numpytorch.nn.parameter import Parameter
from numpytorch.nn.recurrent.sequence import Recurrent, SequenceGradFn, arrays, swapped

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array
    from numpytorch.kernels import Kernels


class GRU(Recurrent):
    """A state h, with three blocks of columns in w_x (D, 3H), w_h (H, 3H) and b (3H,), in the order r, z, n:

        r = sigmoid(x_t w_xr + h_{t-1} w_hr + b_r)
        z = sigmoid(x_t w_xz + h_{t-1} w_hz + b_z)
        n = tanh(x_t w_xn + b_n + r (h_{t-1} w_hn + b_hn))
        h_t = (1 - z) n + z h_{t-1}

    b_hn (H,) is a parameter of its own, `b_n`, for r acts on it.
    Weights of torch.nn.GRU(D, H, batch_first=True) carry over, for its order is the same: w_x = weight_ih_l0.T,
    w_h = weight_hh_l0.T, b = bias_ih_l0 + bias_hh_l0 but for the last H, which are those of bias_ih_l0; b_n is the last
    H of bias_hh_l0.
    backend: see `Recurrent`.
    Source: Cho et al. 2014, arXiv:1406.1078, with r after the product, as PyTorch has it.
    """

    def __init__(self, input_size: int, hidden_size: int, *, backend: str | None = None) -> None:
        super().__init__(input_size, hidden_size, gates=3, backend=backend)
        self.b_n = Parameter(zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read sequences x (N, T, D) from the state h0 (N, H), zeros if it is not given.

        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last one, h_T (N, H).
        Raises ShapeError if shapes do not fit.
        """
        outputs = gru(
            kernels_of(self.backend), self.checked(x), self.state(h0, x, "h0"), self.w_x, self.w_h, self.b, self.b_n
        )
        return outputs, outputs[:, -1]


class GRUGradFn(SequenceGradFn):
    """The rule of `gru`."""

    def pull_back(
        self,
        x: TensorNode,
        h0: TensorNode,
        w_x: TensorNode,
        w_h: TensorNode,
        b: TensorNode,
        b_n: TensorNode,
        y: OutputNode,
    ) -> tuple[Array | None, ...]:
        """Go back through time."""
        return self.back(self.kernels.gru_grad, swapped(y.grad), x, w_x, w_h)

    def composed(self, *inputs: Tensor) -> Tensor:
        """Compute the states step by step."""
        x, h, w_x, w_h, b, b_n = inputs
        hidden = h.shape[1]
        states = []
        for t in range(x.shape[1]):
            a, a_h = x[:, t] @ w_x + b, h @ w_h
            r = sigmoid(a[:, :hidden] + a_h[:, :hidden])
            z = sigmoid(a[:, hidden:-hidden] + a_h[:, hidden:-hidden])
            new = tanh(a[:, -hidden:] + r * (a_h[:, -hidden:] + b_n))
            h = (1 - z) * new + z * h
            states.append(h)
        return stack(states, axis=1)


def gru(kernels: Kernels, *inputs: Tensor) -> Tensor:
    """Compute the states (N, T, H) of a GRU, from x (N, T, D), h0, w_x, w_h, b and b_n, as one operation."""
    saved = kernels.gru(*arrays(*inputs))
    return attach(swapped(saved[0][1:]), GRUGradFn(kernels, saved, *inputs))
