"""Columns: the windows of images as rows of numbers, so that a convolution is a product of matrices.

They are made for a block of images at a time, which stays in the cache: memory does not grow with the batch. The
gradient makes them again: to keep them would take KH*KW times the memory of the image.
Source: Chellapilla et al. 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numpytorch.kernels.layout import cropped, padded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Window

BLOCK = 1 << 20
"""Bytes of columns in a block: they fit into the second-level cache of one core."""


class Columns:
    """The windows of images (N, H, W, C), as columns (P, KH*KW*C) for some of the images and of their OH output rows.

    blocks: the images that make a block. steps: the output rows to take at a time: all, but for large images.
    """

    parts: ClassVar[int] = 1
    """How many blocks there are at least, where there are so many images."""

    def __init__(self, images: Array, window: Window, out_shape: Shape) -> None:
        self.window = window
        self.out_shape = oh, ow = (out_shape[0], out_shape[1])
        self.length: int = window.size[0] * window.size[1] * images.shape[3]
        self.images = self.prepared(images)
        n, row = len(images), self.length * ow * images.itemsize  # row: bytes
        images_at_a_time = max(1, min(BLOCK // (row * oh), -(-n // self.parts)))
        rows_at_a_time = min(oh, max(1, BLOCK // row))
        self.blocks = [slice(i, min(n, i + images_at_a_time)) for i in range(0, n, images_at_a_time)]
        self.steps = [slice(i, min(oh, i + rows_at_a_time)) for i in range(0, oh, rows_at_a_time)]

    @property
    def are_thin(self) -> bool:
        """Whether a row of output is longer than a row of a window, for there are few channels: copy the longer one."""
        return self.out_shape[1] > self.length // self.window.size[0]

    def prepared(self, images: Array) -> Array:
        """Return the images as the methods below need them."""
        return padded(images, self.window)

    def of(self, block: slice, step: slice) -> Array:
        """Return the columns of some images and output rows."""
        windows = windows_of(self.images, self.window, self.out_shape)[block, step]
        if self.are_thin:
            return np.ascontiguousarray(windows.transpose(3, 4, 5, 0, 1, 2)).reshape(self.length, -1).T
        return np.ascontiguousarray(windows).reshape(-1, self.length)

    def add(self, columns: Array, block: slice, step: slice) -> None:
        """Add columns to the entries of the images that they come from."""
        windows = windows_of(self.images, self.window, self.out_shape)[block, step]
        for entries, values in zip(entries_of(windows), entries_of(columns.reshape(windows.shape)), strict=True):
            entries += values

    def finished(self) -> Array:
        """Return the images (N, H, W, C), with what was added to them."""
        return cropped(self.images, self.window)


def windows_of(images: Array, window: Window, out_shape: Shape) -> Array:
    """Return a view of padded images (N, H, W, C): (N, OH, OW, KH, KW, C), whose windows may overlap."""
    n, h, w, c = images.strides
    strides = (n, h * window.stride[0], w * window.stride[1], h * window.dilation[0], w * window.dilation[1], c)
    return as_strided(images, (len(images), *out_shape, *window.size, images.shape[-1]), strides)


def entries_of(windows: Array) -> Iterator[Array]:
    """Go through the places of a window: of each, a view of that entry in every window, (N, OH, OW, C)."""
    return (windows[:, :, :, i, j] for i in range(windows.shape[3]) for j in range(windows.shape[4]))
