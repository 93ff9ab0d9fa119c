"""Convolution in compiled loops: each thread takes a part of the images, makes columns of them, and multiplies.

The products of matrices are those of SciPy's BLAS, which `np.dot` calls here: they reach about twice the rate of the
best loop that Numba compiles, for LLVM prefers vectors of half the width, and keeps no block of the result in
registers. Each thread calls it for itself, on columns that it has just made and that are in its cache.
All is in one file, for Numba's cache on disk sees a change of this file and not of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import prange

from numpytorch.kernels.numba_backend.compiler import on_all_threads, on_one_thread

if TYPE_CHECKING:
    from numpytorch._types import Array
    from numpytorch.kernels.numba_backend.compiler import Geometry


@on_one_thread
def copy_columns(
    images: Array, rows: Array, first: int, last: int, top: int, bottom: int, width: int, g: Geometry
) -> None:
    """Copy each window of output rows top to bottom to one of `rows`, (P, KH*KW*C), with zeros for padding."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = images.shape
    flat = images.reshape(images.size)
    r = 0
    for n in range(first, last):
        for oh in range(top, bottom):
            for ow in range(width):
                row = rows[r]
                r += 1
                left = ow * sw - pw
                for i in range(kh):
                    down = oh * sh - ph + i * dh
                    piece = row[i * kw * c : (i + 1) * kw * c]
                    start = (n * h + down) * w
                    if down < 0 or down >= h:
                        for k in range(kw * c):
                            piece[k] = 0
                    elif dw == 1 and left >= 0 and left + kw <= w:
                        source = flat[(start + left) * c : (start + left + kw) * c]
                        for k in range(kw * c):
                            piece[k] = source[k]
                    else:
                        for j in range(kw):
                            across = left + j * dw
                            entry = piece[j * c : (j + 1) * c]
                            if across < 0 or across >= w:
                                for k in range(c):
                                    entry[k] = 0
                            else:
                                source = flat[(start + across) * c : (start + across + 1) * c]
                                for k in range(c):
                                    entry[k] = source[k]


@on_one_thread
def copy_thin_columns(
    planes: Array, lines: Array, first: int, last: int, top: int, bottom: int, width: int, g: Geometry
) -> None:
    """Do what `copy_columns` does, from planes (N, C, H, W) and transposed, (KH*KW*C, P).

    Of few channels, an output row is the longer piece.
    """
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, c, h, w = planes.shape
    for i in range(kh):
        for j in range(kw):
            left = j * dw - pw
            for k in range(c):
                line = lines[(i * kw + j) * c + k]
                p = 0
                for n in range(first, last):
                    for oh in range(top, bottom):
                        down = oh * sh - ph + i * dh
                        piece = line[p : p + width]
                        p += width
                        if down < 0 or down >= h:
                            for ow in range(width):
                                piece[ow] = 0
                        elif sw == 1 and left >= 0 and left + width <= w:
                            source = planes[n, k, down, left : left + width]
                            for ow in range(width):
                                piece[ow] = source[ow]
                        else:
                            source = planes[n, k, down]
                            for ow in range(width):
                                across = left + ow * sw
                                piece[ow] = source[across] if 0 <= across < w else 0


@on_one_thread
def add_columns(
    images: Array, rows: Array, first: int, last: int, top: int, bottom: int, width: int, g: Geometry
) -> None:
    """Add `rows` to the entries of images that `copy_columns` copies them from."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = images.shape
    flat = images.reshape(images.size)
    r = 0
    for n in range(first, last):
        for oh in range(top, bottom):
            for ow in range(width):
                row = rows[r]
                r += 1
                left = ow * sw - pw
                for i in range(kh):
                    down = oh * sh - ph + i * dh
                    if down < 0 or down >= h:
                        continue
                    piece = row[i * kw * c : (i + 1) * kw * c]
                    start = (n * h + down) * w
                    if dw == 1 and left >= 0 and left + kw <= w:
                        target = flat[(start + left) * c : (start + left + kw) * c]
                        for k in range(kw * c):
                            target[k] += piece[k]
                    else:
                        for j in range(kw):
                            across = left + j * dw
                            if 0 <= across < w:
                                entry = piece[j * c : (j + 1) * c]
                                target = flat[(start + across) * c : (start + across + 1) * c]
                                for k in range(c):
                                    target[k] += entry[k]


@on_one_thread
def has_one_entry(g: Geometry) -> bool:
    """Return whether each window is one entry, side by side: the images are the columns then, and nothing is copied."""
    kh, kw, sh, sw, ph, pw, _, _ = g
    return kh == kw == sh == sw == 1 and ph == pw == 0


@on_all_threads
def conv(
    images: Array, filters: Array, bias: Array, y: Array, g: Geometry, thin: bool, some: int, rows: int, parts: int
) -> None:
    """Write conv2d to y, (N, OH, OW, F), from filters (KH*KW*C, F), `some` images and `rows` of output at a time.

    images: (N, H, W, C), or, for thin columns, (N, C, H, W).
    """
    n, oh, ow, f = y.shape
    c = images.shape[3]
    flat, flat_images = y.reshape(y.size), images.reshape(images.size)
    for part in prange(parts):
        end = n * (part + 1) // parts
        for first in range(n * part // parts, end, some):
            last = min(first + some, end)
            for top in range(0, oh, rows):
                bottom = min(top + rows, oh)
                p = (last - first) * (bottom - top) * ow
                start = (first * oh + top) * ow
                out = flat[start * f : (start + p) * f].reshape(p, f)
                if thin:
                    lines = np.empty((filters.shape[0], p), y.dtype)
                    copy_thin_columns(images, lines, first, last, top, bottom, ow, g)
                    np.dot(lines.T, filters, out)
                elif has_one_entry(g):
                    np.dot(flat_images[start * c : (start + p) * c].reshape(p, c), filters, out)
                else:
                    columns = np.empty((p, filters.shape[0]), y.dtype)
                    copy_columns(images, columns, first, last, top, bottom, ow, g)
                    np.dot(columns, filters, out)
                if bias.size:
                    for r in range(p):
                        row = out[r]
                        for k in range(f):
                            row[k] += bias[k]


@on_all_threads
def conv_grad_input(dx: Array, dy: Array, filters: Array, g: Geometry, some: int, rows: int, parts: int) -> None:
    """Add the gradient of the images to dx, from dy (N, OH, OW, F) and filters (F, KH*KW*C)."""
    n, oh, ow, f = dy.shape
    c = dx.shape[3]
    flat, flat_dx = dy.reshape(dy.size), dx.reshape(dx.size)
    for part in prange(parts):
        end = n * (part + 1) // parts
        for first in range(n * part // parts, end, some):
            last = min(first + some, end)
            for top in range(0, oh, rows):
                bottom = min(top + rows, oh)
                p = (last - first) * (bottom - top) * ow
                start = (first * oh + top) * ow
                upstream = flat[start * f : (start + p) * f].reshape(p, f)
                if has_one_entry(g):
                    np.dot(upstream, filters, flat_dx[start * c : (start + p) * c].reshape(p, c))
                else:
                    add_columns(dx, np.dot(upstream, filters), first, last, top, bottom, ow, g)


@on_all_threads
def conv_grad_weight(
    images: Array, dy: Array, dw: Array, g: Geometry, thin: bool, some: int, rows: int, parts: int
) -> None:
    """Add what each part of the images, laid out as for `conv`, has of the gradient to dw[part], (KH*KW*C, F)."""
    n, oh, ow, f = dy.shape
    flat = dy.reshape(dy.size)
    for part in prange(parts):
        total = dw[part].reshape(dw[part].size)
        end = n * (part + 1) // parts
        for first in range(n * part // parts, end, some):
            last = min(first + some, end)
            for top in range(0, oh, rows):
                bottom = min(top + rows, oh)
                p = (last - first) * (bottom - top) * ow
                start = (first * oh + top) * ow
                upstream = flat[start * f : (start + p) * f].reshape(p, f)
                if thin:
                    lines = np.empty((dw.shape[1], p), dw.dtype)
                    copy_thin_columns(images, lines, first, last, top, bottom, ow, g)
                    product = np.dot(lines, upstream)
                else:
                    columns = np.empty((p, dw.shape[1]), dw.dtype)
                    copy_columns(images, columns, first, last, top, bottom, ow, g)
                    product = np.dot(columns.T, upstream)
                product = product.reshape(product.size)
                for k in range(total.size):
                    total[k] += product[k]
