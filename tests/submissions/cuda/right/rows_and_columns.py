"""Loads by rows and columns, zeros outside, weights from global memory; the gradient with plain conditions."""

from typing import Any

import numpy as np
from numba import cuda, float32
from numpy.typing import NDArray

Array = NDArray[np.float32]


def forward_kernel(tile: int, size: int) -> Any:
    side = tile + size - 1

    @cuda.jit
    def kernel(x: Array, weight: Array, y: Array) -> None:
        N, C, H, W = x.shape
        F, OH, OW = y.shape[1], y.shape[2], y.shape[3]
        part = cuda.shared.array((side, side), float32)
        tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
        j, i = cuda.grid(2)
        plane = cuda.blockIdx.z
        inside = plane < N * F
        n, f = plane // F, plane % F
        s = 0.0
        for c in range(C):
            for a in range(ty, side, tile):
                for b in range(tx, side, tile):
                    r, q = i - ty + a, j - tx + b
                    if inside and r < H and q < W:
                        part[a, b] = x[n, c, r, q]
                    else:
                        part[a, b] = 0.0
            cuda.syncthreads()
            if inside and i < OH and j < OW:
                for a in range(size):
                    for b in range(size):
                        s += part[ty + a, tx + b] * weight[f, c, a, b]
            cuda.syncthreads()
        if inside and i < OH and j < OW:
            y[n, f, i, j] = s

    return kernel


def grad_input_kernel(tile: int, size: int) -> Any:
    @cuda.jit
    def kernel(dy: Array, weight: Array, dx: Array) -> None:
        v, u = cuda.grid(2)
        N, C, H, W = dx.shape
        n, c = divmod(cuda.blockIdx.z, C)
        if u < H and v < W and n < N:
            s = 0.0
            for f in range(dy.shape[1]):
                for a in range(size):
                    for b in range(size):
                        if 0 <= u - a < dy.shape[2] and 0 <= v - b < dy.shape[3]:
                            s += dy[n, f, u - a, v - b] * weight[f, c, a, b]
            dx[n, c, u, v] = s

    return kernel
