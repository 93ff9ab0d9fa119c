"""Recurrent layers through time, in one launch each way: a block takes a few sequences through all steps.

A step needs the states before it of its own sequences alone. So no block waits for another, and none is started anew
for each step: the threads of a block share out the H entries of a state, and meet once a step. The products for all
steps at once, with x before and for the gradients of weights after, are those of training.py. Its GEMM for each step,
with a kernel for the gates, would be three launches a step, of a few blocks each: N is small beside T*N.

Traffic of a block, per step: it reads w_h once, 4 * H * K bytes (from the L2 cache; from L1 if it fits there, as the 64
KiB of an RNN with H = 128 do), for 2 * rows * H * K operations: rows/2 flop/byte, 2 with four sequences a block. From
global memory it reads and writes each gate, state and memory once: bound by the caches, and for few sequences by
latency. For layers so large that w_h leaves the L2 cache, a GEMM for each step would be faster.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda

from numpytorch.kernels.cuda.arrays import flat, integers, launch, number
from numpytorch.kernels.cuda.tiles import THREADS, ceil_div, sequences_of_a_block

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from numpytorch._types import Array
    from numpytorch.kernels.cuda.arrays import DeviceArray


def through_time(name: str, steps: int, n: int, hidden: int, *arrays: DeviceArray) -> None:
    """Launch one of the kernels in `sources`."""
    rows = sequences_of_a_block(n)
    kernel = _kernels(rows, arrays[0].dtype)[name]
    launch(kernel, (ceil_div(n, rows),), THREADS, *map(flat, arrays), integers(steps, n, hidden))


@functools.cache
def _kernels(rows: int, dtype: DTypeLike) -> dict[str, Any]:
    return {name: cuda.jit(source) for name, source in (forward(rows, dtype) | backward(rows, dtype)).items()}


def product(rows: int, groups: int, dtype: DTypeLike) -> Any:
    """Return the device function that sets total (rows, groups) to columns k, H + k, ... of a product with w.

    at: where each of the sequences begins in `source`; w: (depth, groups * H), read once for all of them.
    """
    zero = number(0, dtype)

    def multiply(total: Array, source: Array, at: Array, w: Array, depth: int, hidden: int, k: int) -> None:
        column = cuda.local.array(groups, dtype)
        for r in range(rows):
            for g in range(groups):
                total[r, g] = zero
        for j in range(depth):
            for g in range(groups):
                column[g] = w[(j * groups + g) * hidden + k]
            for r in range(rows):
                value = source[at[r] + j]
                for g in range(groups):
                    total[r, g] += value * column[g]

    return cuda.jit(multiply, device=True)


def _sigmoid(dtype: DTypeLike) -> Any:
    half = number(0.5, dtype)

    def sigmoid(a: Any) -> Any:
        return half * math.tanh(half * a) + half  # which cannot overflow

    return cuda.jit(sigmoid, device=True)


def forward(rows: int, dtype: DTypeLike) -> dict[str, Any]:
    """Return the kernels that go forward, as functions of Python.

    What is called a (T, N, K) is x_t w_x. That of an LSTM and a GRU holds the gates in the end.
    """
    # Numba compiles names of this scope as constants.
    threads = THREADS
    by_one, by_three, by_four = (product(rows, groups, dtype) for groups in (1, 3, 4))

    sigmoid = _sigmoid(dtype)

    def rnn(states: Array, h0: Array, a: Array, w_h: Array, b: Array, sizes: Array) -> None:
        total = cuda.local.array((rows, 1), dtype)
        at = cuda.local.array(rows, np.int64)
        steps, n, hidden = sizes[0], sizes[1], sizes[2]
        first = cuda.blockIdx.x * rows
        for t in range(steps + 1):
            for r in range(rows):  # beyond the last sequence: the last one, computed and not stored
                at[r] = ((t - 1) * n + min(first + r, n - 1)) * hidden
            for k in range(cuda.threadIdx.x, hidden, threads):
                if t > 0:
                    by_one(total, states, at, w_h, hidden, hidden, k)
                for r in range(rows):
                    if first + r < n:
                        here = at[r] + k
                        if t > 0:
                            states[here + n * hidden] = math.tanh(a[here] + total[r, 0] + b[k])
                        else:
                            states[here + n * hidden] = h0[here + n * hidden]
            cuda.syncthreads()

    def lstm(states: Array, c: Array, a: Array, h0: Array, c0: Array, w_h: Array, b: Array, sizes: Array) -> None:
        total = cuda.local.array((rows, 4), dtype)
        at = cuda.local.array(rows, np.int64)
        steps, n, hidden = sizes[0], sizes[1], sizes[2]
        first = cuda.blockIdx.x * rows
        for t in range(steps + 1):
            for r in range(rows):
                at[r] = ((t - 1) * n + min(first + r, n - 1)) * hidden
            for k in range(cuda.threadIdx.x, hidden, threads):
                if t > 0:
                    by_four(total, states, at, w_h, hidden, hidden, k)
                for r in range(rows):
                    if first + r < n:
                        here = at[r] + k
                        after = here + n * hidden
                        if t > 0:
                            gate = at[r] * 4 + k
                            i = sigmoid(a[gate] + total[r, 0] + b[k])
                            f = sigmoid(a[gate + hidden] + total[r, 1] + b[hidden + k])
                            g = math.tanh(a[gate + 2 * hidden] + total[r, 2] + b[2 * hidden + k])
                            o = sigmoid(a[gate + 3 * hidden] + total[r, 3] + b[3 * hidden + k])
                            a[gate] = i
                            a[gate + hidden] = f
                            a[gate + 2 * hidden] = g
                            a[gate + 3 * hidden] = o
                            memory = f * c[here] + i * g
                            c[after] = memory
                            states[after] = o * math.tanh(memory)
                            if t == steps:
                                states[after + n * hidden] = memory
                        else:
                            states[after] = h0[after]
                            c[after] = c0[after]
            cuda.syncthreads()

    def gru(states: Array, inner: Array, a: Array, h0: Array, w_h: Array, b: Array, b_n: Array, sizes: Array) -> None:
        total = cuda.local.array((rows, 3), dtype)
        at = cuda.local.array(rows, np.int64)
        steps, n, hidden = sizes[0], sizes[1], sizes[2]
        first = cuda.blockIdx.x * rows
        for t in range(steps + 1):
            for r in range(rows):
                at[r] = ((t - 1) * n + min(first + r, n - 1)) * hidden
            for k in range(cuda.threadIdx.x, hidden, threads):
                if t > 0:
                    by_three(total, states, at, w_h, hidden, hidden, k)
                for r in range(rows):
                    if first + r < n:
                        here = at[r] + k
                        after = here + n * hidden
                        if t > 0:
                            gate = at[r] * 3 + k
                            reset = sigmoid(a[gate] + total[r, 0] + b[k])
                            z = sigmoid(a[gate + hidden] + total[r, 1] + b[hidden + k])
                            m = total[r, 2] + b_n[k]
                            new = math.tanh(a[gate + 2 * hidden] + b[2 * hidden + k] + reset * m)
                            a[gate] = reset
                            a[gate + hidden] = z
                            a[gate + 2 * hidden] = new
                            inner[here] = m
                            states[after] = new + z * (states[here] - new)
                        else:
                            states[after] = h0[after]
            cuda.syncthreads()

    return {"rnn": rnn, "lstm": lstm, "gru": gru}


def backward(rows: int, dtype: DTypeLike) -> dict[str, Any]:
    """Return the kernels that go back, as functions of Python; `back` (K, H) is w_h^T.

    da (T, N, K) is the gradient of x_t w_x + b; a GRU has another, da_h, of h_{t-1} w_h. dh0 and dc0 hold, on the way,
    what the step after sends back beside that.
    """
    threads = THREADS
    zero, one = number(0, dtype), number(1, dtype)
    multiply = product(rows, 1, dtype)

    def rnn_grad(da: Array, dh0: Array, dy: Array, states: Array, back: Array, sizes: Array) -> None:
        total = cuda.local.array((rows, 1), dtype)
        at = cuda.local.array(rows, np.int64)
        steps, n, hidden = sizes[0], sizes[1], sizes[2]
        first = cuda.blockIdx.x * rows
        for t in range(steps, -1, -1):
            for r in range(rows):
                at[r] = (t * n + min(first + r, n - 1)) * hidden
            for k in range(cuda.threadIdx.x, hidden, threads):
                if t < steps:
                    multiply(total, da, at, back, hidden, hidden, k)
                for r in range(rows):
                    if first + r < n:
                        dh = total[r, 0] if t < steps else zero
                        h = states[at[r] + k]
                        if t > 0:
                            before = at[r] - n * hidden + k
                            da[before] = (dy[before] + dh) * (one - h * h)
                        else:
                            dh0[at[r] + k] = dh
            cuda.syncthreads()

    def lstm_grad(
        da: Array, dh0: Array, dc0: Array, dy: Array, c: Array, gates: Array, back: Array, sizes: Array
    ) -> None:
        total = cuda.local.array((rows, 1), dtype)
        at = cuda.local.array(rows, np.int64)
        steps, n, hidden = sizes[0], sizes[1], sizes[2]
        first = cuda.blockIdx.x * rows
        for t in range(steps, -1, -1):
            for r in range(rows):
                at[r] = (t * n + min(first + r, n - 1)) * 4 * hidden
            for k in range(cuda.threadIdx.x, hidden, threads):
                if t < steps:
                    multiply(total, da, at, back, 4 * hidden, hidden, k)
                for r in range(rows):
                    if first + r < n:
                        own = (first + r) * hidden + k
                        here = t * n * hidden + own
                        dh = total[r, 0] if t < steps else zero
                        if t > 0:
                            gate = at[r] - 4 * n * hidden + k
                            i = gates[gate]
                            f = gates[gate + hidden]
                            g = gates[gate + 2 * hidden]
                            o = gates[gate + 3 * hidden]
                            y = math.tanh(c[here])
                            dh += dy[here - n * hidden]
                            dc = dc0[own] if t < steps else dy[here]
                            dc += dh * o * (one - y * y)
                            da[gate] = dc * g * i * (one - i)
                            da[gate + hidden] = dc * c[here - n * hidden] * f * (one - f)
                            da[gate + 2 * hidden] = dc * i * (one - g * g)
                            da[gate + 3 * hidden] = dh * y * o * (one - o)
                            dc0[own] = dc * f
                        else:
                            dh0[own] = dh
            cuda.syncthreads()

    def gru_grad(
        da: Array, da_h: Array, dh0: Array, dy: Array, states: Array, gates: Array, inner: Array, back: Array,
        sizes: Array,
    ) -> None:  # fmt: skip
        total = cuda.local.array((rows, 1), dtype)
        at = cuda.local.array(rows, np.int64)
        steps, n, hidden = sizes[0], sizes[1], sizes[2]
        first = cuda.blockIdx.x * rows
        for t in range(steps, -1, -1):
            for r in range(rows):
                at[r] = (t * n + min(first + r, n - 1)) * 3 * hidden
            for k in range(cuda.threadIdx.x, hidden, threads):
                if t < steps:
                    multiply(total, da_h, at, back, 3 * hidden, hidden, k)
                for r in range(rows):
                    if first + r < n:
                        own = (first + r) * hidden + k
                        dh = total[r, 0] + dh0[own] if t < steps else zero
                        if t > 0:
                            gate = at[r] - 3 * n * hidden + k
                            before = (t - 1) * n * hidden + own
                            reset = gates[gate]
                            z = gates[gate + hidden]
                            new = gates[gate + 2 * hidden]
                            dh += dy[before]
                            shared = dh * (one - z)
                            dz = shared * (states[before] - new) * z
                            dn = shared * (one - new * new)
                            dr = dn * inner[before] * reset * (one - reset)
                            da[gate] = dr
                            da[gate + hidden] = dz
                            da[gate + 2 * hidden] = dn
                            da_h[gate] = dr
                            da_h[gate + hidden] = dz
                            da_h[gate + 2 * hidden] = dn * reset
                            dh = dh * z
                        dh0[own] = dh
            cuda.syncthreads()

    return {"rnn_grad": rnn_grad, "lstm_grad": lstm_grad, "gru_grad": gru_grad}
