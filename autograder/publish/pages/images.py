"""Small pictures of arrays, as PNG in data URIs: held-out digits, and the planes of a filter."""

from __future__ import annotations

import base64
import functools
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from autograder.checks.steps import held_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.publish.pages.evidence import Value
    from autograder.sandbox import Array


@functools.cache
def digit(index: int) -> str | None:
    """Return the held-out digit of an index; None if there is no such digit."""
    digits = held_out()
    if not 0 <= index < len(digits):
        return None
    return _png(255 - 255 * digits.x[index, 0])  # ink on paper


def planes(*several: Sequence[Sequence[Sequence[Value]]]) -> list[list[str]]:
    """Return a picture of each plane, all on one scale: black is the most negative, grey is zero, white the largest.

    What is not finite is white, too.
    """
    arrays = [[np.asarray(plane, dtype=float) for plane in group] for group in several]
    finite = [np.abs(a[np.isfinite(a)]) for group in arrays for a in group]
    scale = max((float(a.max(initial=0.0)) for a in finite), default=0.0) or 1.0
    return [[_png(_grey(a / scale)) for a in group] for group in arrays]


def _grey(values: Array) -> Array:
    """Return the grey values of numbers from -1 to 1."""
    return 127.5 + 127.5 * np.nan_to_num(values, nan=1.0, posinf=1.0, neginf=-1.0)


def _png(grey: Array) -> str:
    """Return a picture (H, W) of grey values, 0 to 255, as a data URI."""
    out = io.BytesIO()
    Image.fromarray(np.rint(grey).astype(np.uint8)).save(out, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
