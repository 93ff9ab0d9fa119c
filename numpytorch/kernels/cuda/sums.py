"""Sums over images and pixels, in slices: where a sum is cut, partial sums added in order, the gradient of a bias.

A sum over all pixels of all images has few results, so one block for each would leave most of a GPU idle. It is cut
into slices, one block each, that write partial sums into a workspace; a second kernel adds these in one order. No
atomics, and the cut depends on shapes alone: the same input gives the same bits.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from numba import cuda
from numpy import uint32, uint64

from numpytorch.kernels.cuda.arrays import empty, flat, integers, launch, number
from numpytorch.kernels.cuda.tiles import LANES, MULTIPROCESSORS, THREADS, ceil_div

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.cuda.arrays import DeviceArray


def in_slices(
    shape: Shape,
    dtype: DTypeLike,
    terms: int,
    most: int,
    least: int,
    compute: Callable[[DeviceArray, int, int], None],
) -> DeviceArray:
    """Return a sum of `terms` terms: `compute(partial, slices, length)` fills partial (slices, *shape).

    most: slices. least: a divisor of a slice's length, which is four times that, or more.
    """
    slices = max(1, min(most, terms // (4 * least)))
    length = ceil_div(ceil_div(terms, slices), least) * least
    slices = max(1, ceil_div(terms, length)) if length else 1
    out = empty(shape, dtype)
    if slices == 1:
        compute(flat(out), 1, length)
    else:
        partial = empty((slices, *shape), dtype)
        compute(flat(partial), slices, length)
        add_slices(flat(out), flat(partial))
    return out


def add_slices(out: DeviceArray, partial: DeviceArray) -> None:
    """out (size,) = the sum of partial (slices * size,) over slices.

    Traffic: 4 * (slices + 1) bytes for `slices` additions an entry, 1/4 flop/byte: bound by memory.
    """
    columns = THREADS // LANES
    launch(_adder(out.dtype), (ceil_div(out.size, columns),), THREADS, out, partial)


@functools.cache
def _adder(dtype: DTypeLike) -> Any:
    return cuda.jit(adder_source(dtype))


def adder_source(dtype: DTypeLike) -> Any:
    """Return the kernel: LANES threads share an entry, each takes every LANES-th slice."""
    threads, lanes, columns = THREADS, LANES, THREADS // LANES
    zero = number(0, dtype)

    def kernel(out: Array, partial: Array) -> None:
        sums = cuda.shared.array(threads, dtype)
        t = uint32(cuda.threadIdx.x)
        column = uint32(t % columns)
        lane = uint32(t // columns)
        size = out.shape[0]
        entry = cuda.blockIdx.x * columns + column
        total = zero
        if entry < size:
            for place in range(lane * size + entry, partial.shape[0], lanes * size):
                total += partial[uint64(place)]
        sums[t] = total
        cuda.syncthreads()
        if lane == 0 and entry < size:
            for other in range(1, lanes):
                total += sums[uint32(other * columns + column)]
            out[uint64(entry)] = total

    return kernel


def sum_per_channel(dy: DeviceArray) -> DeviceArray:
    """Return the sum of dy (N, F, OH, OW) over all but F, (F,): the gradient of a bias.

    Traffic: dy is read once, 4 bytes an addition, 1/4 flop/byte: bound by memory.
    """
    n, f, area = dy.shape[0], dy.shape[1], dy.shape[2] * dy.shape[3]

    def compute(partial: DeviceArray, slices: int, length: int) -> None:
        launch(_summer(dy.dtype), (f, slices), THREADS, partial, flat(dy), integers(n, f, area, length))

    return in_slices((f,), dy.dtype, n * area, 4 * MULTIPROCESSORS // f, THREADS, compute)


@functools.cache
def _summer(dtype: DTypeLike) -> Any:
    return cuda.jit(summer_source(dtype))


def summer_source(dtype: DTypeLike) -> Any:
    """Return the kernel: one block sums one channel over one slice of the pixels of all images."""
    threads = THREADS
    zero = number(0, dtype)

    def kernel(partial: Array, dy: Array, shape: Array) -> None:
        sums = cuda.shared.array(threads, dtype)
        t = uint32(cuda.threadIdx.x)
        channel = uint32(cuda.blockIdx.x)
        part = uint32(cuda.blockIdx.y)
        images, channels, area, length = shape[0], shape[1], shape[2], shape[3]
        total = zero
        first = part * length
        for pixel in range(first + t, min(first + length, images * area), threads):
            n = uint32(uint32(pixel) // uint32(area))
            total += dy[uint64((n * channels + channel) * area + (pixel - n * area))]
        sums[t] = total
        cuda.syncthreads()
        half = threads // 2
        while half > 0:
            if t < half:
                sums[t] += sums[uint32(t + half)]
            cuda.syncthreads()
            half //= 2
        if t == 0:
            partial[uint64(part * channels + channel)] = sums[0]

    return kernel
