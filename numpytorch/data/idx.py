"""IDX, the file format of MNIST: a header that gives the shape, then one byte a value.

Source: "The IDX file format" on the page of MNIST, http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

_UINT8 = 0x08
_DTYPES = {_UINT8: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
_MAX_NDIM = 32
_AGAIN = "Delete the file and copy or download it again."


class DataError(ValueError):
    """Data that is missing, damaged, or not what it should be."""


def read_idx(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read an IDX file of bytes; one whose name ends in `.gz` is decompressed.

    Returns a read-only uint8 array of the shape that the file states.
    Raises DataError if the file is missing, is not IDX, holds another dtype, or is shorter or longer than
    its header says.
    """
    content = read_content(Path(path))
    magic = content[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES or not 1 <= magic[3] <= _MAX_NDIM:
        raise DataError(
            f"{path}: expected an IDX file, which starts with the bytes 00 00, a dtype and a number of axes, "
            f"got {magic.hex(' ') or 'no bytes'}. {_AGAIN}"
        )
    if magic[2] != _UINT8:
        raise DataError(
            f"{path}: expected values of dtype uint8 (code 08), "
            f"got {_DTYPES[magic[2]]} (code {magic[2]:02x}). Convert the file to bytes."
        )
    header = 4 + 4 * magic[3]
    if len(content) < header:
        raise DataError(f"{path}: expected a header of {header} bytes, got {len(content)} bytes. {_AGAIN}")
    shape = struct.unpack(f">{magic[3]}I", content[4:header])
    expected = header + math.prod(shape)
    if len(content) != expected:
        fault = "is cut short" if len(content) < expected else "goes on after its end"
        raise DataError(
            f"{path}: expected {expected} bytes for the shape {shape}, got {len(content)}: the file {fault}. {_AGAIN}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def write_idx(path: str | os.PathLike[str], array: NDArray[np.uint8]) -> None:
    """Write a uint8 array as IDX; compressed if the name ends in `.gz`.

    The same array gives the same bytes: the gzip header holds no time and no name.
    Raises DataError for another dtype or a number of axes outside 1 to 32.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= _MAX_NDIM:
        raise DataError(
            f"{path}: expected a uint8 array of 1 to {_MAX_NDIM} axes, "
            f"got {array.dtype} of shape {array.shape}. Convert it with array.astype(np.uint8)."
        )
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, _UINT8, array.ndim, *array.shape)
    content = header + array.tobytes()
    Path(path).write_bytes(_compress(content) if Path(path).suffix == ".gz" else content)


def read_content(path: Path) -> bytes:
    """Read the bytes of a file, decompressed if its name ends in `.gz`.

    Raises DataError if the file cannot be read or is not the gzip file that its name says.
    """
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read, got: {error.strerror}. Check the path.") from error
    return decompress(stored, str(path)) if path.suffix == ".gz" else stored


def decompress(stored: bytes, where: str) -> bytes:
    """Undo gzip. Raises DataError, which names the file as `where`, for anything but whole gzip content."""
    if stored[:2] != b"\x1f\x8b":
        raise DataError(
            f"{where}: expected gzip content, which starts with the bytes 1f 8b, got "
            f"{stored[:4].hex(' ') or 'no bytes'}. If the file is not compressed, take the .gz off its name."
        )
    try:
        return gzip.decompress(stored)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{where}: expected whole gzip content, got: {error}. {_AGAIN}") from error


def _compress(content: bytes) -> bytes:
    buffer = io.BytesIO()
    # gzip.compress would write the operating system into the header.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()
