# stub: """Assignment: a convolution on the GPU, in CUDA. README.md beside this file explains the task.
# stub:
# stub: Fill in every place that raises NotImplementedError, then check your work:
# stub:
# stub:     autograder check cuda assignment.py
# stub: """
"""Model answer to the assignment on CUDA: a tiled forward, and the gradient of the input as a gather."""
# end

from typing import Any, TypeAlias

import numpy as np
from numba import cuda, float32
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]
Kernel: TypeAlias = Any
"""What @cuda.jit makes of a function. Numba has no types for it."""


def forward_kernel(tile: int, size: int) -> Kernel:
    """Return the kernel of y[n, f, i, j] = sum over c, a, b of weight[f, c, a, b] * x[n, c, i + a, j + b].

    It is launched as `kernel[grid, (tile, tile)](x, weight, y)`, with one thread for each entry of y: blocks along
    x go over its columns j, along y over its rows i, and along z over n * F + f.
    x: (N, C, H, W); weight: (F, C, size, size); y: (N, F, H - size + 1, W - size + 1), of which every entry is to be
    written. A block reads an entry of x once, into shared memory, and works on it there.
    """
    # stub: raise NotImplementedError("forward_kernel: write the kernel, and return it.")
    side = tile + size - 1  # rows, and columns, of x that the entries of a block depend on

    @cuda.jit
    def tiled(x: Array, weight: Array, y: Array) -> None:
        patch = cuda.shared.array((side, side), float32)
        filter_ = cuda.shared.array((size, size), float32)
        row, column = cuda.threadIdx.y, cuda.threadIdx.x
        top, left = cuda.blockIdx.y * tile, cuda.blockIdx.x * tile
        n, f = cuda.blockIdx.z // y.shape[1], cuda.blockIdx.z % y.shape[1]
        if n >= y.shape[0]:
            return  # all threads of the block together, so none is missed at a barrier
        total = float32(0)
        for c in range(x.shape[1]):
            # Neighbours read neighbours: a warp's loads fall into few lines of memory.
            for k in range(row * tile + column, side * side, tile * tile):
                a, b = k // side, k % side
                if top + a < x.shape[2] and left + b < x.shape[3]:
                    patch[a, b] = x[n, c, top + a, left + b]
            for k in range(row * tile + column, size * size, tile * tile):
                filter_[k // size, k % size] = weight[f, c, k // size, k % size]
            cuda.syncthreads()  # all is there before anybody reads it
            for a in range(size):
                for b in range(size):
                    total += patch[row + a, column + b] * filter_[a, b]
            cuda.syncthreads()  # all have read it before the next channel takes its place
        if top + row < y.shape[2] and left + column < y.shape[3]:
            y[n, f, top + row, left + column] = total

    return tiled


def grad_input_kernel(tile: int, size: int) -> Kernel:
    """Return the kernel of dx[n, c, u, v] = sum over f, a, b of dy[n, f, u - a, v - b] * weight[f, c, a, b].

    Terms whose index into dy is outside of it are left out. It is launched as `kernel[grid, (tile, tile)](dy, weight,
    dx)`, with one thread for each entry of dx: blocks along x go over its columns v, along y over its rows u, and along
    z over n * C + c. Each thread gathers what belongs to its entry.
    dy: (N, F, OH, OW); weight: (F, C, size, size); dx: (N, C, OH + size - 1, OW + size - 1), of which every entry is
    to be written.
    """
    # stub: raise NotImplementedError("grad_input_kernel: write the kernel, and return it.")

    @cuda.jit
    def gathered(dy: Array, weight: Array, dx: Array) -> None:
        u, v = cuda.blockIdx.y * tile + cuda.threadIdx.y, cuda.blockIdx.x * tile + cuda.threadIdx.x
        n, c = cuda.blockIdx.z // dx.shape[1], cuda.blockIdx.z % dx.shape[1]
        if n >= dx.shape[0] or u >= dx.shape[2] or v >= dx.shape[3]:
            return
        total = float32(0)
        for f in range(dy.shape[1]):
            for a in range(size):
                for b in range(size):
                    if 0 <= u - a < dy.shape[2] and 0 <= v - b < dy.shape[3]:
                        total += dy[n, f, u - a, v - b] * weight[f, c, a, b]
        dx[n, c, u, v] = total

    return gathered
