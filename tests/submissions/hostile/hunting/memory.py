"""Search its own memory, byte by byte, for text of the model answer and of the checks."""

import ctypes
import gc

import numpy as np

# Written backwards, so as not to find itself.
NEEDLES = (b"snoitarugifnoc }tnuoc{ lla ni thgiR"[::-1], b"mhtirogla ehT :rewsna ledoM"[::-1])


def attack() -> None:
    for thing in gc.get_objects():
        for held in gc.get_referents(thing):
            if isinstance(held, np.ndarray) and held.flags.c_contiguous and 0 < held.nbytes < 1 << 20:
                content = ctypes.string_at(held.ctypes.data, held.nbytes)
            elif type(held) is bytes:
                content = held
            elif type(held) is str:
                content = held.encode("utf-8", "replace")
            else:
                continue
            if any(needle in content and content is not needle for needle in NEEDLES):
                raise RuntimeError("REACHED the grader's own side")
