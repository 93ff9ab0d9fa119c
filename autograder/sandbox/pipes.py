"""Pipes: the three pipes between the parent and a worker, read and written without ever being stuck."""

from __future__ import annotations

import math
import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from autograder.sandbox.pipes_threaded import ThreadedPipes
from autograder.sandbox.tail import Tail

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

_CHUNK = 1 << 16
_PIPE_BYTES = 1 << 20
_MAX_DRAIN = 64 * _CHUNK


class Pipes(Protocol):
    """How the parent talks to one worker.

    tick: called while waiting. Returns how many seconds to wait before the next call, or raises to give up.
    """

    def send(self, buffers: Sequence[bytes | memoryview], tick: Callable[[], float]) -> None:
        """Write all of `buffers`. Raises EOFError if the worker's end is closed, and what `tick` raises."""

    def fill(self, view: memoryview, tick: Callable[[], float]) -> None:
        """Fill `view` with the next bytes. Raises EOFError if there are no more, and what `tick` raises."""

    def tail(self) -> bytes:
        """Return the last of what the worker printed."""

    def close(self) -> None:
        """Close the parent's ends. The worker must be dead. Whatever it printed last is still read."""


def open_pipes(popen: subprocess.Popen[bytes], keep: int) -> Pipes:
    """Return the pipes of `popen`, whose three streams are unbuffered pipes; keep that much of what it prints."""
    return PollingPipes(popen, keep) if os.name == "posix" else ThreadedPipes(popen, keep)


class PollingPipes:
    """Pipes that never block, where the system can wait for several at once: everywhere but on Windows.

    What the worker prints is read while its answer is waited for: a flood holds nobody up. Between
    requests the worker can print no more than a pipe holds, and then waits.
    """

    def __init__(self, popen: subprocess.Popen[bytes], keep: int) -> None:
        assert popen.stdin is not None  # noqa: S101 (it was started with three pipes)
        assert popen.stdout is not None  # noqa: S101
        assert popen.stderr is not None  # noqa: S101
        self._streams = (popen.stdin, popen.stdout, popen.stderr)
        self._requests, self._replies, self._printed = (stream.fileno() for stream in self._streams)
        for descriptor in (self._requests, self._replies, self._printed):
            os.set_blocking(descriptor, False)
            _widen(descriptor)
        self._writable = select.poll()
        self._writable.register(self._requests, select.POLLOUT)
        self._readable = select.poll()
        self._readable.register(self._replies, select.POLLIN)
        for poll in (self._writable, self._readable):
            poll.register(self._printed, select.POLLIN)
        self._prints = True
        self._tail = Tail(keep)

    def send(self, buffers: Sequence[bytes | memoryview], tick: Callable[[], float]) -> None:
        """See Pipes."""
        for buffer in buffers:
            view = memoryview(buffer)
            while view:
                try:
                    view = view[os.write(self._requests, view) :]
                except BlockingIOError:
                    self._wait(self._writable, tick)
                except BrokenPipeError:
                    raise EOFError from None

    def fill(self, view: memoryview, tick: Callable[[], float]) -> None:
        """See Pipes."""
        while view:
            try:
                count = os.readv(self._replies, [view])
            except BlockingIOError:
                self._wait(self._readable, tick)
                continue
            if count == 0:
                raise EOFError
            view = view[count:]

    def tail(self) -> bytes:
        """See Pipes."""
        read = 0
        while self._prints and read < _MAX_DRAIN and (count := self._drain()):
            read += count
        return self._tail.content()

    def close(self) -> None:
        """See Pipes."""
        self.tail()
        self._prints = False
        for stream in self._streams:
            stream.close()

    def _wait(self, poll: select.poll, tick: Callable[[], float]) -> None:
        """Wait until something happens or it is time for the next tick."""
        poll.poll(math.ceil(1000 * tick()))
        if self._prints:
            self._drain()

    def _drain(self) -> int:
        """Read some of what was printed; return how many bytes, 0 if there are none for now."""
        try:
            content = os.read(self._printed, _CHUNK)
        except BlockingIOError:
            return 0
        if not content:
            self._prints = False
            for poll in (self._writable, self._readable):
                poll.unregister(self._printed)
        self._tail.add(content)
        return len(content)


def _widen(descriptor: int) -> None:
    """Make room for large arrays, so that the two sides take turns less often. Only Linux can."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
