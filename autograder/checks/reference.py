"""What layers are, in loops over windows and steps that follow the definitions: everything is held to these.

Arrays are float64, images (N, C, H, W), sequences (N, T, D). `dy` is the upstream gradient, of the shape of the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from autograder.sandbox import Array


def out_length(length: int, kernel_size: int, stride: int, padding: int = 0) -> int:
    """Return how many windows fit side by side.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationship 6.
    """
    return (length + 2 * padding - kernel_size) // stride + 1


def conv2d(x: Array, weight: Array, bias: Array, stride: int, padding: int) -> Array:
    """Cross-correlate x (N, C, H, W) with weight (F, C, K, K), and add bias (F,). Returns (N, F, OH, OW)."""
    x = _pad(x, padding)
    n, _, h, w = x.shape
    f, _, k, _ = weight.shape
    y = np.zeros((n, f, out_length(h, k, stride), out_length(w, k, stride)))
    for i, j in np.ndindex(y.shape[2:]):
        window = x[:, :, *_window(i, j, k, stride)]  # (N, C, K, K)
        y[:, :, i, j] = np.tensordot(window, weight, ((1, 2, 3), (1, 2, 3))) + bias
    return y


def conv2d_gradients(x: Array, weight: Array, bias: Array, dy: Array, stride: int, padding: int) -> dict[str, Array]:
    """Pull dy (N, F, OH, OW) back through `conv2d`, to "input", "weight" and "bias"."""
    x = _pad(x, padding)
    k = weight.shape[2]
    dx, dw, db = np.zeros_like(x), np.zeros_like(weight), np.zeros_like(bias)
    for i, j in np.ndindex(dy.shape[2:]):
        window = _window(i, j, k, stride)
        dx[:, :, *window] += np.tensordot(dy[:, :, i, j], weight, 1)  # (N, F), (F, C, K, K) -> (N, C, K, K)
        dw += np.tensordot(dy[:, :, i, j].T, x[:, :, *window], 1)  # (F, N), (N, C, K, K) -> (F, C, K, K)
        db += dy[:, :, i, j].sum(axis=0)
    inside = slice(padding, -padding or None)
    return {"input": dx[:, :, inside, inside], "weight": dw, "bias": db}


def max_pool2d(x: Array, kernel_size: int, stride: int) -> Array:
    """Take the maximum of each window of x (N, C, H, W). Returns (N, C, OH, OW)."""
    n, c, h, w = x.shape
    y = np.zeros((n, c, out_length(h, kernel_size, stride), out_length(w, kernel_size, stride)))
    for i, j in np.ndindex(y.shape[2:]):
        y[:, :, i, j] = x[:, :, *_window(i, j, kernel_size, stride)].max(axis=(2, 3))
    return y


def max_pool2d_gradient(x: Array, dy: Array, kernel_size: int, stride: int) -> Array:
    """Pull dy (N, C, OH, OW) back through `max_pool2d`; x has no ties."""
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dy.shape[2:]):
        window = _window(i, j, kernel_size, stride)
        part = x[:, :, *window]  # (N, C, K, K)
        dx[:, :, *window] += dy[:, :, i, j, None, None] * (part == part.max(axis=(2, 3), keepdims=True))
    return dx


def rnn(x: Array, h0: Array, w_x: Array, w_h: Array, bias: Array) -> Array:
    """Compute the states (N, T, H) of h_t = tanh(x_t w_x + h_{t-1} w_h + bias).

    x (N, T, D), h0 (N, H), w_x (D, H), w_h (H, H), bias (H,).
    Source: Elman 1990, "Finding structure in time", Cognitive Science 14.
    """
    n, steps, _ = x.shape
    y = np.zeros((n, steps, len(bias)))
    for i in range(n):
        h = h0[i]
        for t in range(steps):
            h = np.tanh(x[i, t] @ w_x + h @ w_h + bias)
            y[i, t] = h
    return y


def rnn_gradients(x: Array, h0: Array, w_x: Array, w_h: Array, bias: Array, dy: Array) -> dict[str, Array]:
    """Pull dy (N, T, H) back through `rnn` and through time, to "input", "h0", "w_x", "w_h" and "bias".

    Source: Werbos 1990, "Backpropagation through time: what it does and how to do it", Proceedings of the IEEE 78.
    """
    y = rnn(x, h0, w_x, w_h, bias)
    n, steps, _ = x.shape
    dx, dh0 = np.zeros_like(x), np.zeros_like(h0)
    dw_x, dw_h, db = np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(bias)
    for i in range(n):
        dh = np.zeros_like(bias)  # what arrives at h_t from the steps after it
        for t in reversed(range(steps)):
            da = (dy[i, t] + dh) * (1 - y[i, t] ** 2)  # at the argument of tanh
            before = y[i, t - 1] if t else h0[i]
            dw_x += np.outer(x[i, t], da)
            dw_h += np.outer(before, da)
            db += da
            dx[i, t] = w_x @ da
            dh = w_h @ da
        dh0[i] = dh
    return {"input": dx, "h0": dh0, "w_x": dw_x, "w_h": dw_h, "bias": db}


def _pad(x: Array, padding: int) -> Array:
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def _window(i: int, j: int, k: int, stride: int) -> tuple[slice, slice]:
    return slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
