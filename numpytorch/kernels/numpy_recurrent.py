"""The recurrent kernels in NumPy: one large product for all steps before and after, and a small one for each step.

Arrays are time-major, (T, N, K), so that one step is one block of memory, in which arithmetic is done in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numpytorch.kernels.layout import sum_of_rows

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.kernels.interface import Gradients, Saved


class NumpyRecurrent:
    """The part of `Kernels` that reads sequences. Matrix products use the threads of NumPy's BLAS."""

    def rnn(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        """See `Kernels.rnn`."""
        states = after(h0, len(x))
        from_inputs(x, w_x, b, out=states[1:])
        product = np.empty_like(states[0])
        for t in range(len(x)):
            np.matmul(states[t], w_h, out=product)
            h = states[t + 1]
            h += product
            np.tanh(h, out=h)
        return (states,)

    def rnn_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """See `Kernels.rnn_grad`. With a_t what tanh is taken of: da_t = (dy_t + da_{t+1} w_h^T) (1 - h_t^2)."""
        (states,) = saved
        h = states[1:]
        back = np.ascontiguousarray(w_h.T)  # BLAS is faster on it, and it is used T times
        dh = np.empty_like(h[0])  # what the step after sends back, (N, H)
        da = h * h
        np.subtract(1, da, out=da)
        da[-1] *= dy[-1]
        for t in range(len(da) - 2, -1, -1):
            np.matmul(da[t + 1], back, out=dh)
            dh += dy[t]
            da[t] *= dh
        np.matmul(da[0], back, out=dh)
        dx, dw_x, db = to_inputs(da, x, w_x, with_dx=with_dx)
        return dx, dh, dw_x, to_states(da, states[:-1]), db

    def lstm(self, x: Array, h0: Array, c0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        """See `Kernels.lstm`."""
        steps, n, hidden = len(x), *h0.shape
        states, c = after(h0, steps + 1), after(c0, steps)
        gates = np.empty((steps, n, 4 * hidden), h0.dtype)
        from_inputs(x, w_x, b, out=gates)
        product = np.empty_like(gates[0])
        for t in range(steps):
            np.matmul(states[t], w_h, out=product)
            gates[t] += product
            i, f, g, o = blocks(gates[t], 4)
            _sigmoid(gates[t, :, : 2 * hidden])
            np.tanh(g, out=g)
            _sigmoid(o)
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += i * g
            np.tanh(c[t + 1], out=states[t + 1])
            states[t + 1] *= o
        states[-1] = c[-1]
        return states, c, gates

    def lstm_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """See `Kernels.lstm_grad`. Back through h_t = o tanh(c_t), then through c_t = f c_{t-1} + i g."""
        states, c, gates = saved
        back = np.ascontiguousarray(w_h.T)
        dh, dc = np.zeros_like(c[0]), dy[-1].copy()  # what the step after sends back, (N, H) each
        da = np.empty_like(gates)
        for t in range(len(da) - 1, -1, -1):
            i, f, g, o = blocks(gates[t], 4)
            di, df, dg, do = blocks(da[t], 4)
            dh += dy[t]
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
        dx, dw_x, db = to_inputs(da, x, w_x, with_dx=with_dx)
        return dx, dh, dc, dw_x, to_states(da, states[:-2]), db

    def gru(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array, b_n: Array) -> Saved:
        """See `Kernels.gru`."""
        steps, n, hidden = len(x), *h0.shape
        states = after(h0, steps)
        gates = np.empty((steps, n, 3 * hidden), h0.dtype)
        inner = np.empty((steps, n, hidden), h0.dtype)
        from_inputs(x, w_x, b, out=gates)
        product = np.empty_like(gates[0])
        for t in range(steps):
            h = states[t + 1]
            np.matmul(states[t], w_h, out=product)
            r, z, new = blocks(gates[t], 3)
            both = gates[t, :, : 2 * hidden]
            both += product[:, : 2 * hidden]
            _sigmoid(both)
            np.add(product[:, 2 * hidden :], b_n, out=inner[t])
            new += r * inner[t]
            np.tanh(new, out=new)
            np.subtract(states[t], new, out=h)  # h_t = n + z (h_{t-1} - n)
            h *= z
            h += new
        return states, gates, inner

    def gru_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """See `Kernels.gru_grad`. Back through h_t = (1 - z) n + z h_{t-1}, then through the gates."""
        states, gates, inner = saved
        hidden = states.shape[2]
        back = np.ascontiguousarray(w_h.T)
        dh, product = np.zeros_like(states[0]), np.empty_like(states[0])
        da_h = np.empty_like(gates)  # the gradient of h_{t-1} w_h + (0, 0, b_n)
        da_n = np.empty_like(inner)  # in x_t w_x + b, the gradient of the last block is this one
        for t in range(len(gates) - 1, -1, -1):
            r, z, new = blocks(gates[t], 3)
            dr, dz, d_inner = blocks(da_h[t], 3)
            dh += dy[t]
            np.subtract(states[t], new, out=dz)
            dz *= dh * z * (1 - z)
            np.multiply(dh, (1 - z) * (1 - new * new), out=da_n[t])
            np.multiply(da_n[t], r, out=d_inner)
            np.multiply(d_inner, inner[t] * (1 - r), out=dr)
            dh *= z
            dh += np.matmul(da_h[t], back, out=product)
        dw_h = to_states(da_h, states[:-1])
        last = da_h[:, :, 2 * hidden :]
        db_n: Array = last.sum(axis=(0, 1))
        last[...] = da_n
        dx, dw_x, db = to_inputs(da_h, x, w_x, with_dx=with_dx)
        return dx, dh, dw_x, dw_h, db, db_n


def after(first: Array, steps: int) -> Array:
    """Return room for what there is before the first step, (N, H), which is set, and after each: (steps + 1, N, H)."""
    room = np.empty((steps + 1, *first.shape), first.dtype)
    room[0] = first
    return room


def blocks(gates: Array, count: int) -> list[Array]:
    """Return views of the gates of one step, (N, count * H), each (N, H)."""
    hidden = gates.shape[1] // count
    return [gates[:, k * hidden : (k + 1) * hidden] for k in range(count)]


def rows_of(x: Array) -> Array:
    """Return (T, N, K) as (T * N, K): all steps, one after the other, as rows of one matrix. Copies only if it must."""
    return np.ascontiguousarray(x).reshape(-1, x.shape[2])


def from_inputs(x: Array, w_x: Array, b: Array, out: Array) -> None:
    """Set out (T, N, K) to x_t w_x + b, for all steps at once."""
    np.matmul(rows_of(x), w_x, out=rows_of(out))
    out += b


def to_inputs(da: Array, x: Array, w_x: Array, *, with_dx: bool) -> tuple[Array | None, Array, Array]:
    """Return dx (T, N, D), or None, dw_x (D, K) and db (K,), from da (T, N, K), the gradient of x_t w_x + b."""
    rows = rows_of(da)
    dx = (rows @ w_x.T).reshape(x.shape) if with_dx else None
    return dx, rows_of(x).T @ rows, sum_of_rows(rows)


def to_states(da: Array, before: Array) -> Array:
    """Return dw_h (H, K), from da (T, N, K), the gradient of h_{t-1} w_h, and the states before each step (T, N, H)."""
    dw_h: Array = rows_of(before).T @ rows_of(da)
    return dw_h


def _sigmoid(a: Array) -> None:
    """Set a to 1 / (1 + exp(-a)), in place: it is (1 + tanh(a / 2)) / 2, which cannot overflow."""
    a *= 0.5
    np.tanh(a, out=a)
    a += 1
    a *= 0.5
