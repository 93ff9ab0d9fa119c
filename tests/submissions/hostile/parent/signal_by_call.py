"""Send the grader a signal by the other system calls that can."""

import ctypes
import os
import signal

PARENT = 1


def attack() -> None:
    libc = ctypes.CDLL(None)
    information = (ctypes.c_int * 32)(int(signal.SIGUSR1), 0, -1)
    libc.syscall(200, PARENT, int(signal.SIGUSR1))  # tkill
    libc.syscall(129, PARENT, int(signal.SIGUSR1), information)  # rt_sigqueueinfo
    libc.syscall(234, PARENT, PARENT, int(signal.SIGUSR1))  # tgkill
    end = libc.syscall(434, PARENT, 0)  # pidfd_open
    if end >= 0:
        libc.syscall(424, end, int(signal.SIGUSR1), None, 0)
        os.close(end)
