"""How Numba compiles the loops.

Images are (N, H, W, C), or planes (N, C, H, W), contiguous; padding is not there, but skipped. What is read comes
read-only, so that there is one type, and one compilation, for each dtype. Results of compilation are kept on disk,
beside the file or in the user's cache folder (NUMBA_CACHE_DIR names another).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

Geometry: TypeAlias = tuple[int, int, int, int, int, int, int, int]
"""A window: KH, KW, stride down and across, padding down and across, dilation down and across."""

on_one_thread: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(nogil=True, cache=True)

on_all_threads: Callable[[Callable[..., None]], Callable[..., None]] = njit(
    parallel={"prange": True, "setitem": False, "numpy": False, "reduction": False, "inplace_binop": False,
              "stencil": False, "fusion": False},  # loops over `prange`, and nothing else
    fastmath={"reassoc"},  # a sum may be added up in another order, as vector instructions do
    nogil=True, cache=True,
)  # fmt: skip
