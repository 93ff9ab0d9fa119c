"""LSTM: a recurrent layer with a memory behind gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.autograd.fused import FusedGradFn
from numpytorch.autograd.grad_fn import attach
from numpytorch.functions import sigmoid, stack, tanh
from numpytorch.nn.recurrent.sequence import (
    Recurrent,
    common_dtype,
    from_inputs,
    sigmoid_,
    to_inputs,
    to_states,
)

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array

State = tuple["Tensor", "Tensor"]


class LSTM(Recurrent):
    """A state h and a memory c, with four gates that are columns of w_x (D, 4H), w_h (H, 4H) and b (4H,):

        i, f, g, o = x_t w_x + h_{t-1} w_h + b        in the order of the columns, H each
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t)

    Weights of torch.nn.LSTM(D, H, batch_first=True) carry over, for its order is the same: w_x = weight_ih_l0.T,
    w_h = weight_hh_l0.T, b = bias_ih_l0 + bias_hh_l0.
    Source: Hochreiter & Schmidhuber 1997; with the gate f, Gers et al. 2000, Neural Computation 12.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, gates=4)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read sequences x (N, T, D) from the state (h0, c0), each (N, H), zeros if it is not given.

        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last (h_T, c_T), (N, H) each.
        Raises ShapeError if shapes do not fit.
        """
        h0, c0 = (None, None) if state is None else state
        self.checked(x)
        y = lstm(x, self.state(h0, x, "h0"), self.state(c0, x, "c0"), self.w_x, self.w_h, self.b)
        outputs = y[:-1].swapaxes(0, 1)
        return outputs, (y[-2], y[-1])


class LSTMGradFn(FusedGradFn):
    """Back through h_t = o tanh(c_t), then through c_t = f c_{t-1} + i g, gates with their sigmoid or tanh taken."""

    def __init__(
        self, x: Tensor, h0: Tensor, c0: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor, saved: tuple[Array, Array, Array]
    ) -> None:
        super().__init__(x, h0, c0, w_x, w_h, b)
        self.saved = saved  # states before each step (T, N, H), memories (T + 1, N, H), gates (T, N, 4, H)

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
        """Go back through time once, then add up over all steps in one product a parameter."""
        before, c, gates = self.saved
        back = np.ascontiguousarray(w_h.arr.T)
        steps, n, _, hidden = gates.shape
        dh, dc = np.zeros_like(c[0]), y.grad[-1].copy()  # what the step after sends back, (N, H) each
        da = np.empty((steps, n, 4 * hidden), gates.dtype)
        for t in range(steps - 1, -1, -1):
            i, f, g, o = gates[t].swapaxes(0, 1)
            di, df, dg, do = da[t].reshape(n, 4, hidden).swapaxes(0, 1)
            dh += y.grad[t]
            tanh_c = np.tanh(c[t + 1])
            np.multiply(dh, tanh_c, out=do)
            dh *= o
            dc += dh * (1 - tanh_c * tanh_c)
            np.multiply(dc, g, out=di)
            np.multiply(dc, c[t], out=df)
            np.multiply(dc, i, out=dg)
            for d, s in ((di, i), (df, f), (do, o)):
                d *= s * (1 - s)
            dg *= 1 - g * g
            dc *= f
            np.matmul(da[t], back, out=dh)
        dx, dw_x, db = to_inputs(da, x, w_x, b)
        return dx, dh, dc, dw_x, to_states(da, before, w_h), db

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


def lstm(x: Tensor, h0: Tensor, c0: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor) -> Tensor:
    """Compute h_1, ..., h_T and c_T of an LSTM, joined to (T + 1, N, H), as one operation."""
    n, steps, _ = x.shape
    hidden = h0.shape[1]
    dtype = common_dtype(x.node, h0.node, c0.node, w_x.node, w_h.node, b.node)
    h = np.empty((steps + 2, n, hidden), dtype)  # h0, h_1, ..., h_T, and c_T
    c = np.empty((steps + 1, n, hidden), dtype)
    h[0], c[0] = h0.arr, c0.arr
    a = np.empty((steps, n, 4 * hidden), dtype)
    from_inputs(x.arr, w_x.arr, b.arr, out=a)
    gates = a.reshape(steps, n, 4, hidden)
    product = np.empty((n, 4 * hidden), dtype)
    for t in range(steps):
        np.matmul(h[t], w_h.arr, out=product)
        a[t] += product
        i, f, g, o = gates[t].swapaxes(0, 1)
        sigmoid_(gates[t, :, :2])
        np.tanh(g, out=g)
        sigmoid_(o)
        np.multiply(f, c[t], out=c[t + 1])
        c[t + 1] += i * g
        np.tanh(c[t + 1], out=h[t + 1])
        h[t + 1] *= o
    h[-1] = c[-1]
    return attach(h[1:], LSTMGradFn(x, h0, c0, w_x, w_h, b, (h[:-2], c, gates)))
