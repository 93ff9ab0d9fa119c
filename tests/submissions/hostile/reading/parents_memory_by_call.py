"""Read the grader's memory by the system call that debuggers use."""

import ctypes

PARENT, ADDRESS, LENGTH = 1, 0, 0


class Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def attack() -> None:
    libc = ctypes.CDLL(None)
    content = ctypes.create_string_buffer(LENGTH)
    here = Vector(ctypes.cast(content, ctypes.c_void_p), LENGTH)
    there = Vector(ADDRESS, LENGTH)
    count = libc.process_vm_readv(PARENT, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if count == LENGTH:
        raise RuntimeError(f"REACHED {content.raw.decode()}")
