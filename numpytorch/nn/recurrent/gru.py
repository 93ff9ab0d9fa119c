"""GRU: a recurrent layer with gates, and no memory but its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.autograd.fused import FusedGradFn
from numpytorch.autograd.grad_fn import attach
from numpytorch.functions import sigmoid, stack, tanh, zeros
from numpytorch.nn.parameter import Parameter
from numpytorch.nn.recurrent.sequence import (
    Recurrent,
    common_dtype,
    from_inputs,
    sigmoid_,
    time_major_gradient,
    to_inputs,
    to_states,
)

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array


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
    Source: Cho et al. 2014, arXiv:1406.1078, with r after the product, as PyTorch has it.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, gates=3)
        self.b_n = Parameter(zeros(hidden_size))

    def forward(self, x: Tensor, h0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read sequences x (N, T, D) from the state h0 (N, H), zeros if it is not given.

        Returns the states (N, T, H), of which h_t is [:, t - 1], and the last one, h_T (N, H).
        Raises ShapeError if shapes do not fit.
        """
        outputs = gru(self.checked(x), self.state(h0, x, "h0"), self.w_x, self.w_h, self.b, self.b_n)
        return outputs, outputs[:, -1]


class GRUGradFn(FusedGradFn):
    """Back through h_t = (1 - z) n + z h_{t-1}, then through the gates."""

    def __init__(
        self, x: Tensor, h0: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor, b_n: Tensor, saved: tuple[Array, Array, Array]
    ) -> None:
        super().__init__(x, h0, w_x, w_h, b, b_n)
        self.saved = saved  # states (T + 1, N, H), gates (T, N, 3, H), and h_{t-1} w_hn + b_hn (T, N, H)

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
        """Go back through time once, then add up over all steps in one product a parameter."""
        h, gates, inner = self.saved
        dy = time_major_gradient(y)
        back = np.ascontiguousarray(w_h.arr.T)
        steps, n, _, hidden = gates.shape
        dh, product = np.zeros_like(h[0]), np.empty_like(h[0])
        da_h = np.empty((steps, n, 3 * hidden), gates.dtype)  # the gradient of h_{t-1} w_h + (0, 0, b_hn)
        da_n = np.empty_like(inner)  # in x_t w_x + b, the gradient of the last block is this one
        for t in range(steps - 1, -1, -1):
            r, z, new = gates[t].swapaxes(0, 1)
            dr, dz, d_inner = da_h[t].reshape(n, 3, hidden).swapaxes(0, 1)
            dh += dy[t]
            np.subtract(h[t], new, out=dz)
            dz *= dh * z * (1 - z)
            np.multiply(dh, (1 - z) * (1 - new * new), out=da_n[t])
            np.multiply(da_n[t], r, out=d_inner)
            np.multiply(d_inner, inner[t] * (1 - r), out=dr)
            dh *= z
            dh += np.matmul(da_h[t], back, out=product)
        dw_h = to_states(da_h, h[:-1], w_h)
        last = da_h[:, :, 2 * hidden :]
        db_n = last.sum(axis=(0, 1)) if b_n.requires_grad else None
        last[...] = da_n
        dx, dw_x, db = to_inputs(da_h, x, w_x, b)
        return dx, dh, dw_x, dw_h, db, db_n

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


def gru(x: Tensor, h0: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor, b_n: Tensor) -> Tensor:
    """Compute the states (N, T, H) of a GRU, as one operation."""
    n, steps, _ = x.shape
    hidden = h0.shape[1]
    dtype = common_dtype(x.node, h0.node, w_x.node, w_h.node, b.node, b_n.node)
    h = np.empty((steps + 1, n, hidden), dtype)
    h[0] = h0.arr
    a = np.empty((steps, n, 3 * hidden), dtype)
    from_inputs(x.arr, w_x.arr, b.arr, out=a)
    gates = a.reshape(steps, n, 3, hidden)
    inner = np.empty((steps, n, hidden), dtype)
    product = np.empty((n, 3 * hidden), dtype)
    for t in range(steps):
        np.matmul(h[t], w_h.arr, out=product)
        r, z, new = gates[t].swapaxes(0, 1)
        both = a[t, :, : 2 * hidden]
        both += product[:, : 2 * hidden]
        sigmoid_(both)
        np.add(product[:, 2 * hidden :], b_n.arr, out=inner[t])
        new += r * inner[t]
        np.tanh(new, out=new)
        np.subtract(h[t], new, out=h[t + 1])  # h_t = n + z (h_{t-1} - n)
        h[t + 1] *= z
        h[t + 1] += new
    return attach(h[1:].swapaxes(0, 1), GRUGradFn(x, h0, w_x, w_h, b, b_n, (h, gates, inner)))
