"""A copy on the device, of an array with any strides into a contiguous one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from numba import cuda

if TYPE_CHECKING:
    from numpytorch._types import Array

THREADS = 128


def packed(src: Any, out: Any, stream: Any) -> None:
    """Copy src, of up to four dimensions and any strides, into out, which is C-contiguous and of its shape.

    Traffic: each entry is read and written once; reads are coalesced only along an axis of stride one.
    """
    if out.size:
        _kernel(out.ndim)[-(-out.size // THREADS), THREADS, stream](src, out.reshape(out.size))


@functools.cache
def _kernel(ndim: int) -> Any:
    def vector(src: Array, out: Array) -> None:
        i = cuda.blockIdx.x * THREADS + cuda.threadIdx.x
        if i < src.shape[0]:
            out[i] = src[i]

    def matrix(src: Array, out: Array) -> None:
        i = cuda.blockIdx.x * THREADS + cuda.threadIdx.x
        if i < src.shape[0] * src.shape[1]:
            out[i] = src[i // src.shape[1], i % src.shape[1]]

    def sequences(src: Array, out: Array) -> None:
        i = cuda.blockIdx.x * THREADS + cuda.threadIdx.x
        n, width = src.shape[1], src.shape[2]
        row = i // width
        if row < src.shape[0] * n:
            t = row // n
            out[i] = src[t, row - t * n, i - row * width]

    def images(src: Array, out: Array) -> None:
        i = cuda.blockIdx.x * THREADS + cuda.threadIdx.x
        height, width = src.shape[2], src.shape[3]
        plane = i // (height * width)
        if plane < src.shape[0] * src.shape[1]:
            pixel = i - plane * (height * width)
            n = plane // src.shape[1]
            out[i] = src[n, plane - n * src.shape[1], pixel // width, pixel % width]

    return cuda.jit({1: vector, 2: matrix, 3: sequences, 4: images}[ndim])
