"""The first kernel that one writes: right, and each thread reads all that it needs from global memory."""

from typing import Any

import numpy as np
from numba import cuda, float32
from numpy.typing import NDArray

Array = NDArray[np.float32]


def forward_kernel(tile: int, size: int) -> Any:
    @cuda.jit
    def forward(x: Array, weight: Array, y: Array) -> None:
        j, i = cuda.grid(2)
        n, f = cuda.blockIdx.z // y.shape[1], cuda.blockIdx.z % y.shape[1]
        if n < y.shape[0] and i < y.shape[2] and j < y.shape[3]:
            total = float32(0)
            for c in range(x.shape[1]):
                for a in range(size):
                    for b in range(size):
                        total += x[n, c, i + a, j + b] * weight[f, c, a, b]
            y[n, f, i, j] = total

    return forward


def grad_input_kernel(tile: int, size: int) -> Any:
    @cuda.jit
    def grad_input(dy: Array, weight: Array, dx: Array) -> None:
        v, u = cuda.grid(2)
        n, c = cuda.blockIdx.z // dx.shape[1], cuda.blockIdx.z % dx.shape[1]
        if n < dx.shape[0] and u < dx.shape[2] and v < dx.shape[3]:
            total = float32(0)
            for f in range(dy.shape[1]):
                for a in range(size):
                    for b in range(size):
                        if u >= a and v >= b and u - a < dy.shape[2] and v - b < dy.shape[3]:
                            total += dy[n, f, u - a, v - b] * weight[f, c, a, b]
            dx[n, c, u, v] = total

    return grad_input
