"""RNN: the plain recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.autograd.fused import FusedGradFn
from numpytorch.autograd.grad_fn import attach
from numpytorch.functions import stack, tanh
from numpytorch.nn.recurrent.sequence import (
    Recurrent,
    common_dtype,
    from_inputs,
    time_major_gradient,
    to_inputs,
    to_states,
)

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array


class RNN(Recurrent):
    """h_t = tanh(x_t w_x + h_{t-1} w_h + b), with w_x (D, H), w_h (H, H), b (H,).

    Weights of torch.nn.RNN(D, H, batch_first=True) carry over: w_x = weight_ih_l0.T, w_h = weight_hh_l0.T,
    b = bias_ih_l0 + bias_hh_l0.
    Source: Elman 1990, Cognitive Science 14.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, gates=1)

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read sequences x (N, T, D) from the state h0 (N, H), zeros if it is not given.

        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last one, h_T (N, H).
        Raises ShapeError if shapes do not fit.
        """
        outputs = rnn(self.checked(x), self.state(h0, x, "h0"), self.w_x, self.w_h, self.b)
        return outputs, outputs[:, -1]


class RNNGradFn(FusedGradFn):
    """With a_t what tanh is taken of: da_t = (dy_t + da_{t+1} w_h^T) (1 - h_t^2)."""

    def __init__(self, x: Tensor, h0: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor, states: Array) -> None:
        super().__init__(x, h0, w_x, w_h, b)
        self.states = states

    def pull_back(
        self, x: TensorNode, h0: TensorNode, w_x: TensorNode, w_h: TensorNode, b: TensorNode, y: OutputNode
    ) -> tuple[Array | None, ...]:
        """Go back through time once, then add up over all steps in one product a parameter."""
        h, dy = y.arr.swapaxes(0, 1), time_major_gradient(y)
        back = np.ascontiguousarray(w_h.arr.T)  # BLAS is faster on it, and it is used T times
        dh = np.empty_like(h[0])  # what the step after sends back, (N, H)
        da = h * h
        np.subtract(1, da, out=da)
        da[-1] *= dy[-1]
        for t in range(len(da) - 2, -1, -1):
            np.matmul(da[t + 1], back, out=dh)
            dh += dy[t]
            da[t] *= dh
        dx, dw_x, db = to_inputs(da, x, w_x, b)
        return dx, da[0] @ back if h0.requires_grad else None, dw_x, to_states(da, self.states[:-1], w_h), db

    def composed(self, *inputs: Tensor) -> Tensor:
        """Compute the states step by step."""
        x, h, w_x, w_h, b = inputs
        states = []
        for t in range(x.shape[1]):
            h = tanh(x[:, t] @ w_x + h @ w_h + b)
            states.append(h)
        return stack(states, axis=1)


def rnn(x: Tensor, h0: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor) -> Tensor:
    """Compute the states (N, T, H) of an RNN, as one operation."""
    n, steps, _ = x.shape
    dtype = common_dtype(x.node, h0.node, w_x.node, w_h.node, b.node)
    states = np.empty((steps + 1, n, h0.shape[1]), dtype)  # before the first step and after each
    states[0] = h0.arr
    from_inputs(x.arr, w_x.arr, b.arr, out=states[1:])
    product = np.empty(h0.shape, dtype)
    for t in range(steps):
        np.matmul(states[t], w_h.arr, out=product)
        h = states[t + 1]
        h += product
        np.tanh(h, out=h)
    return attach(states[1:].swapaxes(0, 1), RNNGradFn(x, h0, w_x, w_h, b, states))
