"""Ask the kernel for its other way to make system calls, which some filters forget."""

import ctypes


def attack() -> None:
    parameters = ctypes.create_string_buffer(256)
    ring = ctypes.CDLL(None, use_errno=True).syscall(425, 4, parameters)
    if ring >= 0:
        raise RuntimeError("REACHED the grader's own side")
