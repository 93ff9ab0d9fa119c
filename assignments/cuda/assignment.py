"""Assignment: a convolution on the GPU, in CUDA. README.md beside this file explains the task.

Fill in every place that raises NotImplementedError, then check your work:

    autograder check cuda assignment.py
"""

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
    raise NotImplementedError("forward_kernel: write the kernel, and return it.")


def grad_input_kernel(tile: int, size: int) -> Kernel:
    """Return the kernel of dx[n, c, u, v] = sum over f, a, b of dy[n, f, u - a, v - b] * weight[f, c, a, b].

    Terms whose index into dy is outside of it are left out. It is launched as `kernel[grid, (tile, tile)](dy, weight,
    dx)`, with one thread for each entry of dx: blocks along x go over its columns v, along y over its rows u, and along
    z over n * C + c. Each thread gathers what belongs to its entry.
    dy: (N, F, OH, OW); weight: (F, C, size, size); dx: (N, C, OH + size - 1, OW + size - 1), of which every entry is
    to be written.
    """
    raise NotImplementedError("grad_input_kernel: write the kernel, and return it.")
