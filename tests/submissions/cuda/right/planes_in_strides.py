"""Each block goes on to further planes, as far as there are any: right on any grid, a smaller one too."""

from typing import Any

import numpy as np
from numba import cuda, float32
from numpy.typing import NDArray

Array = NDArray[np.float32]


def forward_kernel(tile: int, size: int) -> Any:
    side = tile + size - 1

    @cuda.jit
    def forward(x: Array, weight: Array, y: Array) -> None:
        flat = cuda.shared.array(side * side, float32)
        thread = cuda.threadIdx.x + cuda.threadIdx.y * cuda.blockDim.x
        top, left = cuda.blockIdx.y * tile, cuda.blockIdx.x * tile
        i, j = top + cuda.threadIdx.y, left + cuda.threadIdx.x
        for plane in range(cuda.blockIdx.z, y.shape[0] * y.shape[1], cuda.gridDim.z):
            n, f = plane // y.shape[1], plane % y.shape[1]
            total = float32(0)
            for c in range(x.shape[1]):
                cuda.syncthreads()
                for k in range(thread, side * side, cuda.blockDim.x * cuda.blockDim.y):
                    r, q = min(top + k // side, x.shape[2] - 1), min(left + k % side, x.shape[3] - 1)
                    if r == top + k // side and q == left + k % side:
                        flat[k] = x[n, c, r, q]
                cuda.syncthreads()
                for ab in range(size * size):
                    a, b = ab // size, ab % size
                    total += flat[(cuda.threadIdx.y + a) * side + cuda.threadIdx.x + b] * weight[f, c, a, b]
            if i < y.shape[2] and j < y.shape[3]:
                y[n, f, i, j] = total

    return forward


def grad_input_kernel(tile: int, size: int) -> Any:
    @cuda.jit
    def grad_input(dy: Array, weight: Array, dx: Array) -> None:
        v, u = cuda.grid(2)
        if u >= dx.shape[2] or v >= dx.shape[3]:
            return
        for plane in range(cuda.blockIdx.z, dx.shape[0] * dx.shape[1], cuda.gridDim.z):
            n, c = plane // dx.shape[1], plane % dx.shape[1]
            total = float32(0)
            for i in range(max(u - size + 1, 0), min(u + 1, dy.shape[2])):
                for j in range(max(v - size + 1, 0), min(v + 1, dy.shape[3])):
                    for f in range(dy.shape[1]):
                        total += dy[n, f, i, j] * weight[f, c, u - i, v - j]
            dx[n, c, u, v] = total

    return grad_input
