"""Freed memory stays in the process, for the next training step to use again."""

import numpy as np


def keep_freed_memory() -> None:
    """Let the C library keep up to 62 MiB of freed memory. It gives arrays of a few MB back to the system otherwise.

    A training step then asks for all its arrays again, and the system clears each page of 4 KiB when it is first
    written to: a third of the time of a step on small images. glibc learns from what is freed: a block of up to 32 MiB
    that came straight from the system raises both the size from which blocks do and, to twice that, how much freed
    memory it keeps. Nothing is written to this one, so that it costs microseconds. Other C libraries do as they do.
    Source: mallopt(3), M_MMAP_THRESHOLD, "Dynamic adjustment".
    """
    np.empty(31 << 20, np.uint8)


keep_freed_memory()
