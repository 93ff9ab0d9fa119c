"""How Numba compiles the loops, and how they are called.

Images are (N, H, W, C), or planes (N, C, H, W), contiguous; padding is not there, but skipped. What is read comes
read-only, so that there is one type, and one compilation, for each dtype. Results of compilation are kept on disk,
beside the file or in the user's cache folder (NUMBA_CACHE_DIR names another).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._types import Array

Geometry: TypeAlias = tuple[int, int, int, int, int, int, int, int]
"""A window: KH, KW, stride down and across, padding down and across, dilation down and across."""

on_one_thread: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(nogil=True, cache=True)

on_all_threads: Callable[[Callable[..., None]], Callable[..., None]] = njit(
    parallel={"prange": True, "setitem": False, "numpy": False, "reduction": False, "inplace_binop": False,
              "stencil": False, "fusion": False},  # loops over `prange`, and nothing else
    fastmath={"reassoc"},  # a sum may be added up in another order, as vector instructions do
    nogil=True, cache=True,
)  # fmt: skip

to_the_point: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(
    error_model="numpy", fastmath={"contract"}, nogil=True, cache=True
)
"""For loops over entries: x / 0 raises nothing, and a product and a sum may be rounded once, not twice. Nothing else is
taken lightly: NaN and infinity are what they are."""

_one_at_a_time = threading.Lock()
"""A call uses all threads, and one of Numba's pools, workqueue, ends the process if there are two calls."""


def call(kernel: Callable[..., None], *arguments: object) -> None:
    """Call a loop on all threads."""
    with _one_at_a_time:
        kernel(*arguments)


def given(array: Array) -> Array:
    """Return what a loop only reads: contiguous, and a view that cannot be written to, so that it has one type."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
