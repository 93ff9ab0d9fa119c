"""Probe: try what a worker should not be able to do, from where it would, and tell what came of it.

Run in place of serving, in a worker that holds no hand-in, to see whether a tier works on this machine.
"""

from __future__ import annotations

import ctypes
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_BYTES = 16


def try_out(
    *,
    names: list[str],
    secret: str,
    outside: str,
    port: int,
    parent: int,
    memory: int,
    file: int,
    files: int,
    scratch: int,
) -> dict[str, bool]:
    """Return of each attempt whether it succeeded.

    names: of the attempts to make, besides to write into this folder, which is allowed. secret: a file of the grader's.
    outside: a folder that is not the worker's. port: where the grader listens. parent: the grader's process.
    memory, file, files, scratch: more than the limits allow: in bytes, and how many files.
    """
    attempts: dict[str, Callable[[], object]] = {
        "work": lambda: _fill("a file", 1),
        "read": lambda: _read(secret),
        "list": lambda: os.listdir(outside),
        "write": lambda: _fill(os.path.join(outside, "planted"), 1),
        "connect": lambda: _connect(socket.SOCK_STREAM, port),
        "send": lambda: _connect(socket.SOCK_DGRAM, port),
        "signal": lambda: os.kill(parent, 0),
        "trace": lambda: _trace(parent),
        "look": lambda: _read(f"/proc/{parent}/environ"),
        "fork": _fork,
        "execute": _execute,
        "large": lambda: _fill("a large file", file),
        "open": lambda: _open(files),
        "fill": lambda: [_fill(f"file {number}", file // 2) for number in range(scratch * 2 // file + 1)],
        "allocate": lambda: bytearray(memory),
    }
    return {name: _succeeds(attempts[name]) for name in ("work", *names)}


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, AttributeError):  # the last, where the system has no such call
        return False
    return True


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(_MOST_BYTES)


def _fill(path: str, size: int) -> int:
    with open(path, "wb") as stream:
        return stream.write(bytes(size))


def _open(count: int) -> None:
    opened: list[int] = []
    try:
        for _ in range(count):
            opened.append(os.dup(0))  # noqa: PERF401 (those before one that fails must be closed)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _connect(kind: socket.SocketKind, port: int) -> None:
    with socket.socket(socket.AF_INET, kind) as connection:
        connection.connect(("127.0.0.1", port))


def _trace(pid: int) -> None:
    """Read one byte of that process's memory, or attach to it; each is refused for the same reasons."""
    libc = ctypes.CDLL(None, use_errno=True)
    seize = 0x4206
    if libc.ptrace(ctypes.c_long(seize), ctypes.c_long(pid), None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _execute() -> None:
    """Fails in one way if it may not be tried, and in another if there is nothing of that name."""
    try:
        os.execv(os.path.join(os.getcwd(), "nothing"), ["nothing"])  # noqa: S606 (there is no such file)
    except FileNotFoundError:
        return
