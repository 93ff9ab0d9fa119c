"""What every attack of this folder has before its own lines: how to find the pipes, and to write what a worker writes."""

import fcntl
import os
import stat
import struct
import sys


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
