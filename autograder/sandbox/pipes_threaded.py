"""ThreadedPipes: the same pipes where the system cannot wait for a pipe with a time limit, as on Windows."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from autograder.sandbox.tail import Tail

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

_CHUNK = 1 << 16
_LAST_WORDS = 1.0

_Job: TypeAlias = "Callable[[], None] | None"


class ThreadedPipes:
    """Pipes that block, each handled by a thread of its own; the caller waits for the thread instead.

    One thread writes requests and reads replies, one thing at a time, as it is told; another reads what
    the worker prints. Both end when the worker's ends of the pipes are closed.
    """

    def __init__(self, popen: subprocess.Popen[bytes], keep: int) -> None:
        assert popen.stdin is not None  # noqa: S101 (it was started with three pipes)
        assert popen.stdout is not None  # noqa: S101
        assert popen.stderr is not None  # noqa: S101
        self._streams = (popen.stdin, popen.stdout, popen.stderr)
        self._requests, self._replies, self._printed = (stream.fileno() for stream in self._streams)
        self._tail = Tail(keep)
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._results: SimpleQueue[Exception | None] = SimpleQueue()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._work, self._drain)]
        for thread in self._threads:
            thread.start()

    def send(self, buffers: Sequence[bytes | memoryview], tick: Callable[[], float]) -> None:
        """See Pipes."""

        def write() -> None:
            for buffer in buffers:
                view = memoryview(buffer)
                while view:
                    view = view[os.write(self._requests, view) :]

        self._run(write, tick)

    def fill(self, view: memoryview, tick: Callable[[], float]) -> None:
        """See Pipes."""

        def read() -> None:
            filled = 0
            while filled < len(view):
                content = os.read(self._replies, len(view) - filled)
                if not content:
                    raise EOFError
                view[filled : filled + len(content)] = content
                filled += len(content)

        if view:
            self._run(read, tick)

    def tail(self) -> bytes:
        """See Pipes. What was printed a moment ago may be missing while the worker lives."""
        with self._lock:
            return self._tail.content()

    def close(self) -> None:
        """See Pipes."""
        self._jobs.put(None)
        for thread in self._threads:
            thread.join(_LAST_WORDS)
        # A thread that still waits does so because some process that got away holds the other end. Its
        # pipe stays open: closing a descriptor that is being read would hand its number to another file.
        if not any(thread.is_alive() for thread in self._threads):
            for stream in self._streams:
                stream.close()

    def _run(self, job: Callable[[], None], tick: Callable[[], float]) -> None:
        """Have the first thread do `job`, and wait for it; whatever it raises says that the pipe is closed."""
        self._jobs.put(job)
        while True:
            try:
                error = self._results.get(timeout=max(tick(), 0.001))
            except Empty:
                continue
            if error is None:
                return
            raise EOFError from error

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except (OSError, EOFError) as error:
                self._results.put(error)
            else:
                self._results.put(None)

    def _drain(self) -> None:
        with suppress(OSError):
            while content := os.read(self._printed, _CHUNK):
                with self._lock:
                    self._tail.add(content)
