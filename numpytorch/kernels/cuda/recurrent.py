"""Recurrent layers on the device: products for all steps at once, and recurrence.py through time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpytorch.kernels.cuda.arrays import bring, empty, give
from numpytorch.kernels.cuda.recurrence import through_time
from numpytorch.kernels.cuda.sums import sum_per_channel
from numpytorch.kernels.cuda.training import Training

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.kernels.cuda.arrays import DeviceArray
    from numpytorch.kernels.interface import Gradients, Saved


class CudaRecurrent(Training):
    """The part of `Kernels` that reads sequences. Between the copies in and out, all is on the device."""

    def rnn(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        steps, n, hidden = len(x), *h0.shape
        states = empty((steps + 1, n, hidden), x.dtype)
        through_time("rnn", steps, n, hidden, states, bring(h0), self._from_inputs(x, w_x), bring(w_h), bring(b))
        return (give(states, x, h0, w_x, w_h, b),)

    def rnn_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        steps, n, hidden = dy.shape
        states = bring(saved[0])
        da, dh0 = empty(dy.shape, dy.dtype), empty((n, hidden), dy.dtype)
        through_time("rnn_grad", steps, n, hidden, da, dh0, bring(dy), states, bring(bring(w_h).T))
        dx, dw_x, dw_h, db = self._sums(x, states, da, da, w_x, with_dx)
        return _given((dx, dh0, dw_x, dw_h, db), dy, x, w_x, w_h, *saved)

    def lstm(self, x: Array, h0: Array, c0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        steps, n, hidden = len(x), *h0.shape
        states, c = empty((steps + 2, n, hidden), x.dtype), empty((steps + 1, n, hidden), x.dtype)
        gates = self._from_inputs(x, w_x)
        through_time("lstm", steps, n, hidden, states, c, gates, *map(bring, (h0, c0, w_h, b)))
        inputs = x, h0, c0, w_x, w_h, b
        return give(states, *inputs), give(c, *inputs), give(gates, *inputs)

    def lstm_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        steps, n, hidden = dy.shape[0] - 1, *dy.shape[1:]
        states, c, gates = map(bring, saved)
        da, dh0, dc0 = empty(gates.shape, dy.dtype), empty((n, hidden), dy.dtype), empty((n, hidden), dy.dtype)
        through_time("lstm_grad", steps, n, hidden, da, dh0, dc0, bring(dy), c, gates, bring(bring(w_h).T))
        dx, dw_x, dw_h, db = self._sums(x, states, da, da, w_x, with_dx)
        return _given((dx, dh0, dc0, dw_x, dw_h, db), dy, x, w_x, w_h, *saved)

    def gru(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array, b_n: Array) -> Saved:
        steps, n, hidden = len(x), *h0.shape
        states, inner = empty((steps + 1, n, hidden), x.dtype), empty((steps, n, hidden), x.dtype)
        gates = self._from_inputs(x, w_x)
        through_time("gru", steps, n, hidden, states, inner, gates, *map(bring, (h0, w_h, b, b_n)))
        inputs = x, h0, w_x, w_h, b, b_n
        return give(states, *inputs), give(gates, *inputs), give(inner, *inputs)

    def gru_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        steps, n, hidden = dy.shape
        states, gates, inner = map(bring, saved)
        da, da_h, dh0 = empty(gates.shape, dy.dtype), empty(gates.shape, dy.dtype), empty((n, hidden), dy.dtype)
        back = bring(bring(w_h).T)
        through_time("gru_grad", steps, n, hidden, da, da_h, dh0, bring(dy), states, gates, inner, back)
        dx, dw_x, dw_h, db = self._sums(x, states, da, da_h, w_x, with_dx)
        db_n = _sum_of_rows(da_h)[2 * hidden :]
        return _given((dx, dh0, dw_x, dw_h, db, db_n), dy, x, w_x, w_h, *saved)

    def _from_inputs(self, x: Array, w_x: Array) -> DeviceArray:
        """Return x_t w_x for all steps, (T, N, K)."""
        return self.matmul(_rows(bring(x)), bring(w_x)).reshape(*x.shape[:2], w_x.shape[1])

    def _sums(
        self, x: Array, states: DeviceArray, da: DeviceArray, da_h: DeviceArray, w_x: Array, with_dx: bool
    ) -> tuple[DeviceArray | None, DeviceArray, DeviceArray, DeviceArray]:
        """Return dx, or None, dw_x, dw_h and db, from the gradients of x_t w_x + b and h_{t-1} w_h."""
        rows = _rows(da)
        dx = self.matmul_transposed(rows, bring(w_x)).reshape(x.shape) if with_dx else None
        dw_x = self.transposed_matmul(_rows(bring(x)), rows)
        return dx, dw_x, self.transposed_matmul(_rows(states[: len(x)]), _rows(da_h)), _sum_of_rows(da)


def _rows(x: DeviceArray) -> DeviceArray:
    """Return (T, N, K) as (T * N, K)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])


def _sum_of_rows(x: DeviceArray) -> DeviceArray:
    """Return the sum of (T, N, K) over all but K."""
    return sum_per_channel(x.reshape(x.shape[0] * x.shape[1], x.shape[2], 1, 1))


def _given(gradients: tuple[DeviceArray | None, ...], *inputs: object) -> Gradients:
    return tuple(None if gradient is None else give(gradient, *inputs) for gradient in gradients)
