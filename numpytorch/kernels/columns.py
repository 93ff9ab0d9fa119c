"""Columns: the windows of images as rows of numbers, so that a convolution is a product of matrices.

They are made for a block of images at a time, which stays in the cache: memory does not grow with the batch. The
gradient makes them again: to keep them would take KH*KW times the memory of the image.
Source: Chellapilla et al. 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpytorch.kernels.layout import cropped, laid_out, padded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Window

BLOCK = 1 << 20
"""Bytes of columns in a block: they fit into the second-level cache of one core."""


Block: TypeAlias = tuple[slice, slice]
"""Some images, and some rows of their output."""


class Columns:
    """The windows of images (N, H, W, C) as columns (P, KH*KW*C), for a block at a time."""

    def __init__(self, images: Array, window: Window, out_shape: Shape) -> None:
        self.window = window
        self.are_thin = are_thin(window, images.shape[3], out_shape[1])
        self.images = padded(laid_out(images, self.are_thin), window)
        self.windows = windows_of(self.images, window, out_shape)
        self.length: int = window.size[0] * window.size[1] * images.shape[3]
        n, oh = len(images), out_shape[0]
        some, rows = block_size(n, oh, self.length * out_shape[1] * images.itemsize)
        self.blocks: list[Block] = [
            (slice(i, i + some), slice(top, top + rows)) for i in range(0, n, some) for top in range(0, oh, rows)
        ]

    def of(self, block: Block) -> Array:
        """Return the columns of a block."""
        windows = self.windows[block]
        if self.are_thin:
            return np.ascontiguousarray(windows.transpose(3, 4, 5, 0, 1, 2)).reshape(self.length, -1).T
        return np.ascontiguousarray(windows).reshape(-1, self.length)

    def add(self, rows: Array, filters: Array, block: Block) -> None:
        """Add the columns rows @ filters, (P, F) @ (F, KH*KW*C), to the entries of the images that they come from."""
        windows = self.windows[block]
        if self.are_thin:
            lines = filters.T @ rows.T  # (KH*KW*C, P), laid out as the images are: added in pieces of an output row
            columns = np.moveaxis(lines.reshape(*windows.shape[3:], *windows.shape[:3]), (3, 4, 5), (0, 1, 2))
        else:
            columns = (rows @ filters).reshape(windows.shape)
        for entries, values in zip(entries_of(windows), entries_of(columns), strict=True):
            entries += values

    def finished(self) -> Array:
        """Return the images (N, H, W, C), with what was added to them."""
        return cropped(self.images, self.window)


def are_thin(window: Window, channels: int, out_width: int) -> bool:
    """Whether a row of output is longer than a row of a window, for there are few channels: copy the longer one."""
    return out_width > window.size[1] * channels


def block_size(images: int, out_height: int, row: int) -> tuple[int, int]:
    """Return of how many images a block is, and of how many output rows: all of them, but for large images.

    row: the bytes of the columns of one output row.
    """
    rows = min(out_height, max(1, BLOCK // row))
    return (max(1, min(images, BLOCK // (row * out_height))), rows) if rows == out_height else (1, rows)


def windows_of(images: Array, window: Window, out_shape: Shape) -> Array:
    """Return a view of padded images (N, H, W, C): (N, OH, OW, KH, KW, C), whose windows may overlap."""
    n, h, w, c = images.strides
    strides = (n, h * window.stride[0], w * window.stride[1], h * window.dilation[0], w * window.dilation[1], c)
    return as_strided(images, (len(images), *out_shape, *window.size, images.shape[-1]), strides)


def entries_of(windows: Array) -> Iterator[Array]:
    """Go through the places of a window: of each, a view of that entry in every window, (N, OH, OW, C)."""
    return (windows[:, :, :, i, j] for i in range(windows.shape[3]) for j in range(windows.shape[4]))
