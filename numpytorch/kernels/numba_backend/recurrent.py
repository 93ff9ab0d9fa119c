"""Recurrent layers with Numba: what the compiled loops read is laid out for them, and what they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import config

from numpytorch.kernels.layout import sum_of_rows
from numpytorch.kernels.numba_backend import recurrence
from numpytorch.kernels.numba_backend.compiler import call, given
from numpytorch.kernels.numpy_recurrent import after, rows_of

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.kernels.interface import Gradients, Saved

FEW = 1_000_000
"""Up to so many multiplications, OpenBLAS multiplies two matrices as they lie, and does not copy both first."""


class NumbaRecurrent:
    """The part of `Kernels` that reads sequences."""

    def rnn(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        """See `Kernels.rnn`."""
        states = after(h0, len(x))
        call(recurrence.rnn, states, *map(given, (x, w_x, w_h, b)), some(len(h0), w_h))
        return (states,)

    def rnn_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """See `Kernels.rnn_grad`."""
        (states,) = saved
        da, dh0 = np.empty_like(states[1:]), np.zeros_like(states[0])
        call(recurrence.rnn_grad, da, dh0, *map(given, (dy, states, w_h.T)), some(len(dh0), w_h))
        dx, dw_x, dw_h, db = _sums(x, states[:-1], da, da, w_x, with_dx)
        return dx, dh0, dw_x, dw_h, db

    def lstm(self, x: Array, h0: Array, c0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        """See `Kernels.lstm`."""
        states, c = after(h0, len(x) + 1), after(c0, len(x))
        gates = np.empty((len(x), len(h0), len(b)), x.dtype)
        call(recurrence.lstm, states, c, gates, *map(given, (x, w_x, w_h, b)), some(len(h0), w_h))
        states[-1] = c[-1]
        return states, c, gates

    def lstm_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """See `Kernels.lstm_grad`."""
        states, c, gates = saved
        da, dh0, dc0 = np.empty_like(gates), np.zeros_like(c[0]), np.array(dy[-1], order="C")
        call(recurrence.lstm_grad, da, dh0, dc0, *map(given, (dy, c, gates, w_h.T)), some(len(dh0), w_h))
        dx, dw_x, dw_h, db = _sums(x, states[:-2], da, da, w_x, with_dx)
        return dx, dh0, dc0, dw_x, dw_h, db

    def gru(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array, b_n: Array) -> Saved:
        """See `Kernels.gru`."""
        states, gates = after(h0, len(x)), np.empty((len(x), len(h0), len(b)), x.dtype)
        inner = np.empty_like(states[1:])
        call(recurrence.gru, states, gates, inner, *map(given, (x, w_x, w_h, b, b_n)), some(len(h0), w_h))
        return states, gates, inner

    def gru_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """See `Kernels.gru_grad`."""
        states, gates, inner = saved
        da, da_h, dh0 = np.empty_like(gates), np.empty_like(gates), np.zeros_like(states[0])
        call(recurrence.gru_grad, da, da_h, dh0, *map(given, (dy, states, gates, inner, w_h.T)), some(len(dh0), w_h))
        dx, dw_x, dw_h, db = _sums(x, states[:-1], da, da_h, w_x, with_dx)
        db_n = sum_of_rows(rows_of(da_h[:, :, 2 * dh0.shape[1] :]))
        return dx, dh0, dw_x, dw_h, db, db_n


def some(n: int, w_h: Array) -> int:
    """Return of how many of n sequences a part is: few that are multiplied at once, or a thread's whole share.

    With the second matrix copied for each step, a product of few rows takes two to four times as long for each row.
    """
    share: int = -(-n // config.NUMBA_NUM_THREADS)
    for rows in (16, 8):
        if rows * w_h.size <= FEW:
            return max(1, min(rows, share))
    return max(1, share)


def _sums(
    x: Array, before: Array, da: Array, da_h: Array, w_x: Array, with_dx: bool
) -> tuple[Array | None, Array, Array, Array]:
    """Return dx, or None, dw_x, dw_h and db: the sums over all steps, from the gradients of x_t w_x + b and h w_h."""
    rows, width = da.shape[0] * da.shape[1], da.shape[2]
    count = min(rows, config.NUMBA_NUM_THREADS)
    dw_x = np.empty((count, x.shape[2], width), da.dtype)
    dw_h = np.empty((count, before.shape[2], width), da.dtype)
    dx = np.empty((rows, x.shape[2]) if with_dx else (0, 0), da.dtype)
    read = map(given, (rows_of(x), rows_of(before), rows_of(da), rows_of(da_h), w_x.T))
    call(recurrence.sum_products, dw_x, dw_h, dx, *read, count)
    return dx.reshape(x.shape) if with_dx else None, dw_x.sum(axis=0), dw_h.sum(axis=0), sum_of_rows(rows_of(da))
