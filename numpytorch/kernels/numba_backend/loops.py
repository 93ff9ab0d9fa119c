"""The loops that Numba compiles, for images from `first` to `last`, on one thread.

Images are (N, H, W, C), contiguous; padding is not there, but skipped. The innermost loop of each goes along the
channels, over contiguous numbers that are known not to be few and far between: the compiler makes vector instructions
of it. `g` is a window as eight numbers, see `Geometry`. What is read comes read-only, so that there is one type, and
one compilation, for each dtype.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array

compiled: Callable[[Callable[..., None]], Callable[..., None]] = njit(nogil=True, cache=True)

Geometry: TypeAlias = tuple[int, int, int, int, int, int, int, int]
"""KH, KW, stride down and across, padding down and across, dilation down and across."""


@compiled
def columns(images: Array, rows: Array, first: int, last: int, top: int, bottom: int, width: int, g: Geometry) -> None:
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


@compiled
def thin_columns(
    images: Array, lines: Array, first: int, last: int, top: int, bottom: int, width: int, g: Geometry
) -> None:
    """Do what `columns` does, transposed, (KH*KW*C, P): for few channels, where an output row is the longer piece."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = images.shape
    for i in range(kh):
        for j in range(kw):
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
                        else:
                            source = images[n, down, :, k]
                            for ow in range(width):
                                across = ow * sw - pw + j * dw
                                piece[ow] = source[across] if 0 <= across < w else 0


@compiled
def add_columns(
    images: Array, rows: Array, first: int, last: int, top: int, bottom: int, width: int, g: Geometry
) -> None:
    """Add `rows` to the entries of images that `columns` copies them from."""
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


@compiled
def max_pool(images: Array, y: Array, places: Array, first: int, last: int, g: Geometry) -> None:
    """Write the largest entry of each window to y and its place to `places`, both (N, OH, OW, C)."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = images.shape
    for n in range(first, last):
        for oh in range(y.shape[1]):
            for ow in range(y.shape[2]):
                best, place = y[n, oh, ow], places[n, oh, ow]
                is_first = True
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if down < 0 or down >= h or across < 0 or across >= w:
                            continue
                        entry = images[n, down, across]
                        at = places.dtype.type(i * kw + j)
                        if is_first:
                            for k in range(c):
                                best[k] = entry[k]
                                place[k] = at
                            is_first = False
                        else:
                            for k in range(c):
                                old, new = best[k], entry[k]
                                better = (new > old) | ((new != new) & (old == old))  # a NaN wins
                                best[k] = new if better else old
                                place[k] = at if better else place[k]


@compiled
def max_pool_grad(dx: Array, dy: Array, places: Array, first: int, last: int, g: Geometry) -> None:
    """Add each dy to the entry of dx at its place, looking at each place in turn: no two channels wait for another."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = dx.shape
    for n in range(first, last):
        for oh in range(dy.shape[1]):
            for ow in range(dy.shape[2]):
                gradient, place = dy[n, oh, ow], places[n, oh, ow]
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if 0 <= down < h and 0 <= across < w:
                            entry = dx[n, down, across]
                            for k in range(c):
                                entry[k] += gradient[k] if place[k] == i * kw + j else dx.dtype.type(0)


@compiled
def avg_pool(images: Array, y: Array, first: int, last: int, g: Geometry) -> None:
    """Write the average of each window to y, (N, OH, OW, C)."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = images.shape
    for n in range(first, last):
        for oh in range(y.shape[1]):
            for ow in range(y.shape[2]):
                mean = y[n, oh, ow]
                for k in range(c):
                    mean[k] = 0
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if 0 <= down < h and 0 <= across < w:
                            entry = images[n, down, across]
                            for k in range(c):
                                mean[k] += entry[k]
                for k in range(c):
                    mean[k] /= y.dtype.type(kh * kw)


@compiled
def avg_pool_grad(dx: Array, dy: Array, first: int, last: int, g: Geometry) -> None:
    """Share each dy among the entries of its window in dx."""
    kh, kw, sh, sw, ph, pw, dh, dw = g
    _, h, w, c = dx.shape
    part = dx.dtype.type(1) / dx.dtype.type(kh * kw)
    for n in range(first, last):
        for oh in range(dy.shape[1]):
            for ow in range(dy.shape[2]):
                gradient = dy[n, oh, ow]
                for i in range(kh):
                    for j in range(kw):
                        down, across = oh * sh - ph + i * dh, ow * sw - pw + j * dw
                        if 0 <= down < h and 0 <= across < w:
                            entry = dx[n, down, across]
                            for k in range(c):
                                entry[k] += gradient[k] * part
