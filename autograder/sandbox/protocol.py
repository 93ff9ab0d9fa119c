"""Frames: how a message and its arrays become bytes and back. Both sides import this file.

A frame is the length of the header (4 bytes, big-endian), the header (a JSON object, see `messages`), and
the bytes of each array that the header announces. No size is believed beyond the two limits below.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
import numpy as np

from autograder.sandbox.messages import KINDS, Array, ArrayHeader, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograder.sandbox.messages import Answer, Ask

MAX_HEADER = 1 << 20
MAX_ARRAYS = 512 << 20
_SMALL = 1 << 16
_LENGTH = struct.Struct(">I")

Message = TypeVar("Message", Request, Reply)


class FrameError(ValueError):
    """Bytes that are no frame, or a message that does not fit into one."""


class Wire(Generic[Message]):
    """Read messages of one type. fill: fills a buffer with the next bytes, all of it, or raises."""

    def __init__(self, kind: type[Message], fill: Callable[[memoryview], None]) -> None:
        self._decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(kind, strict=True)
        self._fill = fill

    def read(self) -> tuple[Message, list[Array]]:
        """Return the next message and its arrays, which are new, C-contiguous and writable.

        Raises FrameError if it is none, and whatever `fill` raises.
        """
        prefix = bytearray(_LENGTH.size)
        self._fill(memoryview(prefix))
        (length,) = _LENGTH.unpack(prefix)
        if length > MAX_HEADER:
            raise FrameError(f"header: expected at most {MAX_HEADER} bytes, got {length}")
        header = bytearray(length)
        self._fill(memoryview(header))
        try:
            message = self._decoder.decode(header)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FrameError(f"header: {error}") from error
        if sum(map(_bytes_in, message.arrays)) > MAX_ARRAYS:
            raise FrameError(f"arrays: expected at most {MAX_ARRAYS} bytes of them")
        return message, [self._read_array(array) for array in message.arrays]

    def _read_array(self, header: ArrayHeader) -> Array:
        truth = header.dtype == "bool"
        try:
            array: Array = np.empty(header.shape, np.uint8 if truth else header.dtype)
        except (ValueError, MemoryError) as error:  # (0, 2**62) holds nothing, and is still too large for NumPy
            raise FrameError(f"arrays: {error}") from error
        if array.size:
            self._fill(_bytes_of(array))
        if truth:
            if array.size and int(array.max()) > 1:
                raise FrameError("arrays: expected bools of 0 or 1")
            array = array.view(np.bool_)
        return array


def request(number: int, body: Ask, arrays: Sequence[Array]) -> list[bytes | memoryview]:
    """Return the frame of a request, as buffers to write one after the other. Raises as `reply` does."""
    arrays = [native(array) for array in arrays]
    return _frame(Request(number, body, _headers(arrays)), arrays)


def reply(number: int, body: Answer, arrays: Sequence[Array]) -> list[bytes | memoryview]:
    """Return the frame of a reply, as buffers to write one after the other.

    Raises FrameError if a dtype cannot cross, or if the message is too large.
    """
    arrays = [native(array) for array in arrays]
    return _frame(Reply(number, body, _headers(arrays)), arrays)


def native(array: Array) -> Array:
    """Return the values of `array` as a plain array, C-contiguous and in the machine's byte order."""
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def can_cross(array: Array) -> bool:
    """Whether arrays of that dtype can be sent."""
    return array.dtype.newbyteorder("=") in KINDS


def _headers(arrays: Sequence[Array]) -> tuple[ArrayHeader, ...]:
    for array in arrays:
        if array.dtype not in KINDS:
            raise FrameError(f"arrays: expected bool, integers, float32 or float64, got {array.dtype}")
    return tuple(ArrayHeader(array.dtype.name, array.shape) for array in arrays)  # type: ignore[arg-type] # checked


def _frame(message: Request | Reply, arrays: Sequence[Array]) -> list[bytes | memoryview]:
    header = _ENCODER.encode(message)
    total = sum(array.nbytes for array in arrays)
    if len(header) > MAX_HEADER or total > MAX_ARRAYS:
        raise FrameError(
            f"message: expected at most {MAX_HEADER} bytes of header and {MAX_ARRAYS} of arrays, "
            f"got {len(header)} and {total}"
        )
    start = _LENGTH.pack(len(header)) + header
    bodies = [_bytes_of(array) for array in arrays if array.size]
    if total <= _SMALL:
        return [b"".join((start, *bodies))]  # one system call instead of several
    return [start, *bodies]


def _bytes_in(header: ArrayHeader) -> int:
    return math.prod(header.shape) * np.dtype(header.dtype).itemsize


def _bytes_of(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


_ENCODER = msgspec.json.Encoder()
