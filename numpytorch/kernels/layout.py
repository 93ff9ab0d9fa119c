"""How the kernels on the CPU lay out images: channels last in memory, (N, H, W, C), whatever order axes have outside.

What a window covers in one row of an image, KW*C entries, is then one piece of memory (with dilation 1), and copies,
sums and comparisons run over pieces, not over single entries. Results are views of such arrays with axes (N, C, H, W),
so that a layer after a layer copies nothing. Only images of few channels, whose columns are thin, are read channel by
channel: there, a row of output is the longest piece (`columns.are_thin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpytorch._types import Array, Shape
    from numpytorch.kernels.interface import Window


def channels_last(x: Array) -> Array:
    """Return (N, C, H, W) as (N, H, W, C), contiguous: a copy only if it does not lie so in memory."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def laid_out(images: Array, are_thin: bool) -> Array:
    """Return (N, H, W, C) channels last in memory, or, for thin columns, each channel of an image in one piece."""
    if are_thin:
        return np.ascontiguousarray(channels_first(images)).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images)


def channels_first(x: Array) -> Array:
    """Return a view of (N, H, W, C) as (N, C, H, W)."""
    return x.transpose(0, 3, 1, 2)


def padded(x: Array, window: Window, fill: float = 0) -> Array:
    """Return (N, H, W, C) with the window's padding around each image, laid out alike: x itself if there is none."""
    if window.padding == (0, 0):
        return x
    down, across = window.padding
    around = np.full_like(x, fill, shape=padded_shape(x.shape, window))
    around[:, down : down + x.shape[1], across : across + x.shape[2]] = x
    return around


def padded_shape(shape: Shape, window: Window) -> Shape:
    """Return the shape of (N, H, W, C) with padding."""
    n, height, width, channels = shape
    return n, height + 2 * window.padding[0], width + 2 * window.padding[1], channels


def cropped(x: Array, window: Window) -> Array:
    """Return a view of (N, H, W, C) without the window's padding."""
    down, across = window.padding
    return x[:, down : x.shape[1] - down, across : x.shape[2] - across]


def place_type(window: Window) -> np.dtype[np.unsignedinteger]:
    """Return the smallest unsigned type that holds every place in a window."""
    return np.min_scalar_type(window.size[0] * window.size[1] - 1)


def first_places(window: Window, out_shape: Shape) -> Array:
    """Return, for each window, the first place in it that is not padding: (OH, OW, 1)."""
    lengths = zip(out_shape, window.stride, window.padding, window.dilation, strict=True)
    i, j = [np.maximum(0, -((np.arange(n) * s - p) // d)) for n, s, p, d in lengths]  # rounds up
    first: Array = i[:, None, None] * window.size[1] + j[:, None]
    return first.astype(place_type(window))


def group(array: Array, g: int, groups: int) -> Array:
    """Return a view of the channels of one group, of (..., C)."""
    n = array.shape[-1] // groups
    return array[..., g * n : (g + 1) * n]


def joined(parts: list[Array]) -> Array:
    """Join the channels of groups again: images (N, H, W, C)."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def filters_of(weight: Array, g: int, groups: int) -> Array:
    """Return the filters of one group as a matrix (F/groups, KH*KW*C/groups), in the order of columns."""
    n = len(weight) // groups
    return channels_last(weight[g * n : (g + 1) * n]).reshape(n, -1)


def weight_of(filters: Array, window: Window) -> Array:
    """Return filters (F, KH*KW*C) as a weight (F, C, KH, KW), contiguous."""
    return np.ascontiguousarray(channels_first(filters.reshape(len(filters), *window.size, -1)))


def sum_of_rows(rows: Array) -> Array:
    """Return rows.sum(axis=0) of a matrix, as a product: three times as fast."""
    total: Array = np.ones(len(rows), rows.dtype) @ rows
    return total
