"""Helpers that run on the device, and views of the images."""

from typing import Any

import numpy as np
from numba import cuda, float32, int32
from numpy.typing import NDArray

Array = NDArray[np.float32]


@cuda.jit(device=True)
def at(image: Array, row: int, column: int) -> Any:
    """Read an entry; zero outside of the image."""
    if row < 0 or column < 0 or row >= image.shape[0] or column >= image.shape[1]:
        return float32(0)
    return image[row, column]


@cuda.jit(device=True)
def window(patch: Array, weights: Array, row: int, column: int) -> Any:
    """Return the sum over a window."""
    total = float32(0)
    for a in range(weights.shape[0]):
        for b in range(weights.shape[1]):
            total += patch[row + a, column + b] * weights[a, b]
    return total


def forward_kernel(tile: int, size: int) -> Any:
    side = tile + size - 1

    @cuda.jit
    def forward(x: Array, weight: Array, y: Array) -> None:
        patch = cuda.shared.array(shape=(side, side), dtype=float32)
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        n = cuda.blockIdx.z // weight.shape[0]
        f = cuda.blockIdx.z - n * weight.shape[0]
        if n < x.shape[0]:
            i, j = cuda.blockIdx.y * cuda.blockDim.y + ty, cuda.blockIdx.x * cuda.blockDim.x + tx
            total = float32(0)
            for c in range(x.shape[1]):
                if c > 0:
                    cuda.syncthreads()
                a = ty
                while a < side:
                    b = tx
                    while b < side:
                        patch[a, b] = at(x[n, c], i - ty + a, j - tx + b)
                        b += tile
                    a += tile
                cuda.syncthreads()
                total += window(patch, weight[f, c], ty, tx)
            if i < y.shape[2] and j < y.shape[3]:
                y[n, f, i, j] = total

    return forward


def grad_input_kernel(tile: int, size: int) -> Any:
    @cuda.jit
    def grad_input(dy: Array, weight: Array, dx: Array) -> None:
        n, c = cuda.blockIdx.z // weight.shape[1], cuda.blockIdx.z % weight.shape[1]
        v, u = cuda.grid(2)
        if n >= dx.shape[0] or u >= dx.shape[2] or v >= dx.shape[3]:
            return
        dx[n, c, u, v] = 0
        for f in range(weight.shape[0]):
            for a in range(size):
                for b in range(size):
                    dx[n, c, u, v] += at(dy[n, f], u - a, v - b) * weight[f, c, a, b]

    return grad_input
