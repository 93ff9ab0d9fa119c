"""Arrays on the device: how a call's arrays come in and go out, on which stream, and where workspaces come from."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numba import config, cuda

from numpytorch._errors import ShapeError
from numpytorch.kernels.cuda.copy import packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike

    from numpytorch._types import Array, Shape

DeviceArray: TypeAlias = Any
"""An array in the device's memory, C-contiguous: Numba's, which offers `__cuda_array_interface__`."""

Stream: TypeAlias = Any
"""A stream of Numba, or 0 for its default stream."""

SIMULATED: bool = bool(config.ENABLE_CUDASIM)
"""Whether kernels run in Numba's simulator, where the device's memory is the host's."""

DEFAULT_STREAM = 1
"""The handle of the default stream in `__cuda_array_interface__`."""

_stream: ContextVar[Stream] = ContextVar("stream", default=0)
_arena: ContextVar[Arena | None] = ContextVar("arena", default=None)


@contextmanager
def on(stream: Stream) -> Iterator[None]:
    """Launch and copy on this stream within the context: one of Numba, or the handle of another library's, an int."""
    token = _stream.set(cuda.external_stream(stream) if isinstance(stream, int) and stream else stream)
    try:
        yield
    finally:
        _stream.reset(token)


def stream() -> Stream:
    """Return the stream that kernels are launched on now."""
    return _stream.get()


def launch(kernel: Any, grid: tuple[int, ...], threads: int, *arrays: DeviceArray) -> None:
    """Start a kernel on the current stream; a grid of no block starts nothing."""
    if 0 not in grid:
        kernel[grid, threads, stream()](*arrays)


def on_device(array: object) -> bool:
    """Return whether an array lies in the device's memory: Numba's, CuPy's, PyTorch's or another library's."""
    return hasattr(array, "__cuda_ndarray__") or hasattr(array, "__cuda_array_interface__")


def bring(array: DeviceArray | Array) -> DeviceArray:
    """Return the array on the device, C-contiguous: itself where it can be, else a copy."""
    if not on_device(array):
        out = empty(array.shape, array.dtype)
        out.copy_to_device(np.ascontiguousarray(array), stream=stream())
        return out
    there: DeviceArray = array if hasattr(array, "__cuda_ndarray__") else _foreign(array)
    if there.is_c_contiguous():
        return there
    out = empty(there.shape, there.dtype)
    packed(there, out, stream())
    return out


def _foreign(array: Any) -> DeviceArray:
    """Return another library's array as Numba's, no copy; wait for its stream unless it is ours."""
    theirs = array.__cuda_array_interface__.get("stream")
    return cuda.as_cuda_array(array, sync=theirs not in (None, int(stream()) or DEFAULT_STREAM))


def give(out: DeviceArray, *inputs: object) -> Array | DeviceArray:
    """Return a result the way its inputs came: on the device if one of them lay there, else on the host."""
    return out if any(map(on_device, inputs)) else to_host(out)


def to_host(array: DeviceArray) -> Array:
    """Copy an array to the host, and wait until it is there."""
    host: Array = array.copy_to_host(stream=stream())
    if stream() != 0:
        stream().synchronize()
    return host


@functools.lru_cache(maxsize=1024)
def integers(*values: int) -> DeviceArray:
    """Return numbers that a kernel needs, as one array of int32 on the device, copied there once."""
    return cuda.to_device(np.array(values, np.int32))


def number(value: float, dtype: DTypeLike) -> Any:
    """Return a number of this dtype: a kernel that adds a Python 0.0 to a float32 would compute in float64."""
    return np.array(value, dtype)[()]


def flat(array: DeviceArray) -> DeviceArray:
    """Return a contiguous array as one of one dimension: kernels count offsets themselves, in 32 bits.

    Raises ShapeError if these are too few.
    """
    if array.size >= 2**31:
        raise ShapeError(
            f"expected fewer than 2**31 entries, got {array.size} in {tuple(array.shape)}. Split the batch."
        )
    return array.reshape(array.size)


def empty(shape: Shape, dtype: DTypeLike) -> DeviceArray:
    """Return an array of any values on the device, from the arena if one is in use."""
    arena = _arena.get()
    return _allocate(shape, dtype) if arena is None else arena.next(shape, np.dtype(dtype))


def _allocate(shape: Shape, dtype: DTypeLike) -> DeviceArray:
    return cuda.device_array(shape, dtype=dtype, stream=stream())


class Arena:
    """Memory for a step that is repeated: the k-th array of each round is the k-th array of the round before.

    Asking the driver for memory can take longer than a kernel. Within `round()`, all results of this backend lie in
    the arena: the next round overwrites them, so copy to the host what must outlive a round. Use it on one stream.
    """

    def __init__(self) -> None:
        self._arrays: list[DeviceArray] = []
        self._used = 0

    @contextmanager
    def round(self) -> Iterator[None]:
        """Within this context, new arrays come from the arena, from its start."""
        self._used = 0
        token = _arena.set(self)
        try:
            yield
        finally:
            _arena.reset(token)

    def next(self, shape: Shape, dtype: np.dtype[Any]) -> DeviceArray:
        """Return the next array, a new one if the one that is there differs in shape or dtype."""
        place = self._used
        self._used += 1
        if place == len(self._arrays):
            self._arrays.append(_allocate(shape, dtype))
        elif (tuple(self._arrays[place].shape), self._arrays[place].dtype) != (tuple(shape), dtype):
            self._arrays[place] = _allocate(shape, dtype)
        return self._arrays[place]
