"""Threads that share out blocks of images.

They are Python's, and run compiled loops and matrix products, which need no interpreter's lock; each product runs on
one thread. Numba's own pool and that of BLAS, side by side, take the processor from each other: their threads spin
while they wait, and a convolution takes 2 to 8 times as long. These sleep. They also work after a fork and from several
threads at once, which not all of Numba's pools do, and loops without `parallel=True` compile in a third of the time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from numba import config
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

THREADS: int = config.NUMBA_NUM_THREADS
"""How many threads compute: one for each processor, or as many as NUMBA_NUM_THREADS says when Numba is imported."""

_helpers = ThreadPoolExecutor(max(1, THREADS - 1), thread_name_prefix="numpytorch")


def limit_blas() -> None:
    """Give BLAS one thread in this process, unless there is one thread here: then products may have their own."""
    if THREADS > 1:
        for library in ThreadpoolController().select(user_api="blas").lib_controllers:
            library.set_num_threads(1)


def share_out(work: Callable[[slice], None], blocks: Sequence[slice]) -> None:
    """Call `work` once for each block. Whoever is free takes the next one, the calling thread among them."""
    todo = iter(blocks)

    def take() -> None:
        for block in todo:
            work(block)

    helpers = [_helpers.submit(take) for _ in range(min(THREADS, len(blocks)) - 1)]
    try:
        take()
    finally:
        for helper in helpers:
            if not helper.cancel():  # one that has not begun has nothing left to do
                helper.result()
