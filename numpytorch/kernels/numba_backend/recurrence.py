"""Recurrent layers in compiled loops: each thread takes a part of the batch through all steps, and waits for no other.

A step needs the states before it of its own sequences alone. So a part of the batch goes from the first step to the
last on one thread: its products of matrices are those of SciPy's BLAS, which `np.dot` calls here, and what is done to
each entry after them is done while it is in the cache. The sums over all steps, which the gradients of weights are,
come at the end, cut into parts in the same way. `some`: of how many sequences a part is.

Loops over entries read and write few arrays each: LLVM makes vector instructions of a loop only if it can make sure,
with few comparisons, that none of its arrays overlap. All is in one file, for Numba's cache on disk sees a change of
this file and not of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import prange

from numpytorch.kernels.numba_backend.compiler import on_all_threads, to_the_point

if TYPE_CHECKING:
    from numpytorch._types import Array

LEVELS = 6
"""Of the continued fraction for tanh. What it leaves out, float64 does not see; with 5 it would."""

SMALL = 1 / float(np.prod(np.arange(1.0, 2 * LEVELS + 2, 2)))
"""What the fraction begins with, so that it ends with a denominator of about 1."""

LARGEST = 20.0
"""From here on, tanh is 1 in float64."""


@to_the_point
def tanh(x: Any, real: Any) -> Any:
    """Return tanh of a number of type `real`, to 6 units in the last place, with no branch and one division.

    u = x/8 has tanh(u) = u / (1 + u^2 / (3 + u^2 / (5 + ...))). It is evaluated from the inside out, as a quotient p/q
    of sums of positive terms, which lose nothing. Then three times tanh(2u) = 2 tanh(u) / (1 + tanh(u)^2), as
    quotients: 2pq / (p^2 + q^2). The compiler makes vector instructions of it, as it does not of a call to tanh.
    Source: the fraction is Lambert's, of 1761; NIST Digital Library of Mathematical Functions, section 4.39.
    """
    largest = real(LARGEST)
    u = (largest if x > largest else (-largest if x < -largest else x)) * real(1 / 8)
    square = u * u
    a, b = real(SMALL * (2 * LEVELS + 1)), real(SMALL)
    for level in range(LEVELS):
        a, b = real(2 * (LEVELS - level) - 1) * a + square * b, a
    p, q = u * b, a
    for _ in range(3):
        p, q = real(2) * p * q, p * p + q * q
    return p / q


@to_the_point
def sigmoid(x: Any, real: Any) -> Any:
    """Return 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2."""
    return real(0.5) * tanh(real(0.5) * x, real) + real(0.5)


@to_the_point
def add_tanh(out: Array, product: Array, bias: Array) -> None:
    """Set out to tanh(out + product + bias)."""
    real = out.dtype.type
    for k in range(out.size):
        out[k] = tanh(out[k] + product[k] + bias[k], real)


@to_the_point
def add_sigmoid(out: Array, product: Array, bias: Array) -> None:
    """Set out to sigmoid(out + product + bias)."""
    real = out.dtype.type
    for k in range(out.size):
        out[k] = sigmoid(out[k] + product[k] + bias[k], real)


@to_the_point
def step(array: Array, t: int, first: int, last: int) -> Array:
    """Return a view of some rows of one step of (T, N, K), contiguous: (last - first, K)."""
    _, n, width = array.shape
    return array.reshape(array.size)[(t * n + first) * width : (t * n + last) * width].reshape(last - first, width)


@on_all_threads
def rnn(states: Array, x: Array, w_x: Array, w_h: Array, b: Array, some: int) -> None:
    """Write h_1, ..., h_T to states (T + 1, N, H), of which the first is there."""
    n = states.shape[1]
    for part in prange((n + some - 1) // some):
        first, last = part * some, min((part + 1) * some, n)
        product = np.empty((last - first, states.shape[2]), states.dtype)
        for t in range(len(x)):
            h = step(states, t + 1, first, last)
            np.dot(step(x, t, first, last), w_x, h)
            np.dot(step(states, t, first, last), w_h, product)
            for r in range(len(h)):
                add_tanh(h[r], product[r], b)


@on_all_threads
def rnn_grad(da: Array, dh0: Array, dy: Array, states: Array, back: Array, some: int) -> None:
    """Write the gradient of x_t w_x + b to da (T, N, H), and that of h0, zero so far; back (H, H) is w_h^T."""
    n = dy.shape[1]
    for part in prange((n + some - 1) // some):
        first, last = part * some, min((part + 1) * some, n)
        dh = dh0[first:last]
        for t in range(len(dy) - 1, -1, -1):
            da_t, dy_t, h_t = step(da, t, first, last), step(dy, t, first, last), step(states, t + 1, first, last)
            for r in range(len(dh)):
                rnn_step_back(da_t[r], dh[r], dy_t[r], h_t[r])
            np.dot(da_t, back, dh)


@to_the_point
def rnn_step_back(da: Array, dh: Array, dy: Array, h: Array) -> None:
    """Write (dy + dh) (1 - h^2)."""
    one = da.dtype.type(1)
    for k in range(da.size):
        da[k] = (dy[k] + dh[k]) * (one - h[k] * h[k])


@on_all_threads
def lstm(states: Array, c: Array, gates: Array, x: Array, w_x: Array, w_h: Array, b: Array, some: int) -> None:
    """Write h_1, ..., h_T to states, c_1, ..., c_T to c, (T + 1, N, H), of which the first are there, and the gates."""
    n, hidden = states.shape[1:]
    for part in prange((n + some - 1) // some):
        first, last = part * some, min((part + 1) * some, n)
        product = np.empty((last - first, 4 * hidden), states.dtype)
        for t in range(len(x)):
            a, h = step(gates, t, first, last), step(states, t + 1, first, last)
            c_before, c_after = step(c, t, first, last), step(c, t + 1, first, last)
            np.dot(step(x, t, first, last), w_x, a)
            np.dot(step(states, t, first, last), w_h, product)
            for r in range(len(h)):
                i_f, g, o = a[r, : 2 * hidden], a[r, 2 * hidden : 3 * hidden], a[r, 3 * hidden :]
                add_sigmoid(i_f, product[r, : 2 * hidden], b[: 2 * hidden])
                add_tanh(g, product[r, 2 * hidden : 3 * hidden], b[2 * hidden : 3 * hidden])
                add_sigmoid(o, product[r, 3 * hidden :], b[3 * hidden :])
                lstm_memory(c_after[r], c_before[r], i_f[:hidden], i_f[hidden:], g)
                lstm_state(h[r], c_after[r], o)


@to_the_point
def lstm_memory(after: Array, before: Array, i: Array, f: Array, g: Array) -> None:
    """Write c_t = f c_{t-1} + i g."""
    for k in range(after.size):
        after[k] = f[k] * before[k] + i[k] * g[k]


@to_the_point
def lstm_state(h: Array, c: Array, o: Array) -> None:
    """Write h_t = o tanh(c_t)."""
    for k in range(h.size):
        h[k] = o[k] * tanh(c[k], h.dtype.type)


@on_all_threads
def lstm_grad(da: Array, dh0: Array, dc0: Array, dy: Array, c: Array, gates: Array, back: Array, some: int) -> None:
    """Write the gradient of x_t w_x + b to da (T, N, 4H), and those of h0, zero so far, and c0, that of c_T so far.

    back (4H, H) is w_h^T.
    """
    n, hidden = dh0.shape
    for part in prange((n + some - 1) // some):
        first, last = part * some, min((part + 1) * some, n)
        dh, dc = dh0[first:last], dc0[first:last]
        for t in range(len(gates) - 1, -1, -1):
            da_t, gates_t, dy_t = step(da, t, first, last), step(gates, t, first, last), step(dy, t, first, last)
            c_before, c_after = step(c, t, first, last), step(c, t + 1, first, last)
            for r in range(len(dh)):
                s, d = gates_t[r], da_t[r]
                i, f, g = s[:hidden], s[hidden : 2 * hidden], s[2 * hidden : 3 * hidden]
                add(dh[r], dy_t[r])
                lstm_state_back(d[3 * hidden :], dc[r], dh[r], c_after[r], s[3 * hidden :])
                through_sigmoid(d[:hidden], dc[r], g, i)
                through_sigmoid(d[hidden : 2 * hidden], dc[r], c_before[r], f)
                through_tanh(d[2 * hidden : 3 * hidden], dc[r], i, g)
                multiply(dc[r], f)
            np.dot(da_t, back, dh)


@to_the_point
def lstm_state_back(d_o: Array, dc: Array, dh: Array, c: Array, o: Array) -> None:
    """Go back through h_t = o tanh(c_t): write the gradient of what o is the sigmoid of, add to that of c_t."""
    real = dh.dtype.type
    for k in range(dh.size):
        y = tanh(c[k], real)
        d_o[k] = dh[k] * y * o[k] * (real(1) - o[k])
        dc[k] += dh[k] * o[k] * (real(1) - y * y)


@to_the_point
def through_sigmoid(da: Array, dy: Array, factor: Array, y: Array) -> None:
    """Write the gradient of a from that of factor * y, where y = sigmoid(a)."""
    one = da.dtype.type(1)
    for k in range(da.size):
        da[k] = dy[k] * factor[k] * y[k] * (one - y[k])


@to_the_point
def through_tanh(da: Array, dy: Array, factor: Array, y: Array) -> None:
    """Write the gradient of a from that of factor * y, where y = tanh(a)."""
    one = da.dtype.type(1)
    for k in range(da.size):
        da[k] = dy[k] * factor[k] * (one - y[k] * y[k])


@to_the_point
def multiply(total: Array, row: Array) -> None:
    """Multiply by a row."""
    for k in range(total.size):
        total[k] *= row[k]


@on_all_threads
def gru(
    states: Array, gates: Array, inner: Array, x: Array, w_x: Array, w_h: Array, b: Array, b_n: Array, some: int
) -> None:
    """Write h_1, ..., h_T to states (T + 1, N, H), of which the first is there, the gates, and h_{t-1} w_hn + b_n."""
    n, hidden = states.shape[1:]
    for part in prange((n + some - 1) // some):
        first, last = part * some, min((part + 1) * some, n)
        product = np.empty((last - first, 3 * hidden), states.dtype)
        for t in range(len(x)):
            a, m, h = step(gates, t, first, last), step(inner, t, first, last), step(states, t + 1, first, last)
            before = step(states, t, first, last)
            np.dot(step(x, t, first, last), w_x, a)
            np.dot(before, w_h, product)
            for r in range(len(h)):
                r_z, new = a[r, : 2 * hidden], a[r, 2 * hidden :]
                add_sigmoid(r_z, product[r, : 2 * hidden], b[: 2 * hidden])
                gru_inner(m[r], product[r, 2 * hidden :], b_n, r_z[:hidden])
                add_tanh(new, product[r, 2 * hidden :], b[2 * hidden :])
                gru_state(h[r], before[r], r_z[hidden:], new)


@to_the_point
def gru_inner(inner: Array, product: Array, b_n: Array, r: Array) -> None:
    """Write h_{t-1} w_hn + b_n, and leave r times that in its place."""
    for k in range(inner.size):
        inner[k] = product[k] + b_n[k]
        product[k] = r[k] * inner[k]


@to_the_point
def gru_state(h: Array, before: Array, z: Array, new: Array) -> None:
    """Write h_t = n + z (h_{t-1} - n)."""
    for k in range(h.size):
        h[k] = new[k] + z[k] * (before[k] - new[k])


@on_all_threads
def gru_grad(
    da: Array, da_h: Array, dh0: Array, dy: Array, states: Array, gates: Array, inner: Array, back: Array, some: int
) -> None:
    """Write the gradients of x_t w_x + b and of h_{t-1} w_h, (T, N, 3H) both, and that of h0, zero so far.

    back (3H, H) is w_h^T.
    """
    n, hidden = dh0.shape
    for part in prange((n + some - 1) // some):
        first, last = part * some, min((part + 1) * some, n)
        dh, product = dh0[first:last], np.empty((last - first, hidden), dh0.dtype)
        for t in range(len(gates) - 1, -1, -1):
            d, d_h, gates_t = step(da, t, first, last), step(da_h, t, first, last), step(gates, t, first, last)
            m, before, dy_t = step(inner, t, first, last), step(states, t, first, last), step(dy, t, first, last)
            for row in range(len(dh)):
                s, da_t, da_ht = gates_t[row], d[row], d_h[row]
                r, z, new = s[:hidden], s[hidden : 2 * hidden], s[2 * hidden :]
                add(dh[row], dy_t[row])
                gru_state_back(da_t[hidden:], dh[row], before[row], z, new)
                through_sigmoid(da_t[:hidden], da_t[2 * hidden :], m[row], r)
                for k in range(2 * hidden):
                    da_ht[k] = da_t[k]
                for k in range(hidden):
                    da_ht[2 * hidden + k] = da_t[2 * hidden + k] * r[k]
                multiply(dh[row], z)
            np.dot(d_h, back, product)
            for row in range(len(dh)):
                add(dh[row], product[row])


@to_the_point
def gru_state_back(da: Array, dh: Array, before: Array, z: Array, new: Array) -> None:
    """Go back through h_t = (1 - z) n + z h_{t-1}: write the gradients of what z is the sigmoid and n the tanh of."""
    hidden, one = dh.size, dh.dtype.type(1)
    for k in range(hidden):
        shared = dh[k] * (one - z[k])
        da[k] = shared * (before[k] - new[k]) * z[k]
        da[hidden + k] = shared * (one - new[k] * new[k])


@on_all_threads
def sum_products(
    dw_x: Array, dw_h: Array, dx: Array, x: Array, h: Array, da: Array, da_h: Array, w: Array, parts: int
) -> None:
    """Write what each part of the rows, T*N, has of x^T da and h^T da_h, and dx = da w if there is room for it.

    dw_x (parts, D, K), dw_h (parts, H, K); w (K, D).
    """
    rows = len(x)
    for part in prange(parts):
        first, last = rows * part // parts, rows * (part + 1) // parts
        np.dot(x[first:last].T, da[first:last], dw_x[part])
        np.dot(h[first:last].T, da_h[first:last], dw_h[part])
        if dx.size:
            np.dot(da[first:last], w, dx[first:last])


@to_the_point
def add(total: Array, row: Array) -> None:
    """Add a row."""
    for k in range(total.size):
        total[k] += row[k]
