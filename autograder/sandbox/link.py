"""Link: one running worker, and asking it one thing at a time."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from autograder.sandbox import protocol
from autograder.sandbox.errors import (
    Frame,
    LaunchError,
    ProtocolError,
    StudentError,
    WorkerCrashed,
    WorkerMemory,
    WorkerTimeout,
)
from autograder.sandbox.launch import plan, spawn
from autograder.sandbox.messages import Failed, Ready, Reply
from autograder.sandbox.pipes import open_pipes
from autograder.sandbox.process import Tree, oom_kills, seconds_in_line
from autograder.sandbox.scratch import bytes_in, remove_scratch
from autograder.sandbox.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograder.sandbox.limits import Limits
    from autograder.sandbox.messages import Answer, Array, Ask
    from autograder.sandbox.tiers import Tier

    Expected = TypeVar("Expected", bound=Answer)

START_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_DEEP_EVERY = 5
_SIGXCPU = getattr(signal, "SIGXCPU", None)
_SIGKILL = getattr(signal, "SIGKILL", 9)


class Link:
    """A worker that has started. After any error but StudentError it is dead, and so are its processes.

    lines: the text of each line of the hand-in, to quote from. imports: the packages that it may use.
    environment: variables of its own.
    closed: whether it has ended.
    peak_rss: the most bytes seen resident in all its processes together. waited: seconds spent waiting for it.
    Raises LaunchError if it cannot be started.
    """

    def __init__(
        self,
        limits: Limits,
        tier: Tier,
        lines: Sequence[str],
        imports: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._limits = limits
        self._lines = lines
        self._number = 0
        self._until = self._seconds = self._in_line = 0.0
        self._given = START_SECONDS
        self._next_look = 0.0
        self._looks = 0
        self._tail = b""
        self._status = 0
        self._worker = 0  # its number, once it is up
        self._besides = math.inf  # processes that the tier itself, or the system, puts beside the worker
        self._kills = oom_kills()
        self.closed = False
        self.peak_rss = 0
        self.waited = 0.0
        # Resolved, for on some systems the folder for temporary files is a link.
        self._scratch = Path(tempfile.mkdtemp(prefix="worker-")).resolve()
        try:
            launch = tier.prepare(plan(limits, self._scratch, imports, environment), limits)
            self._popen = spawn(launch)
        except BaseException:
            remove_scratch(self._scratch)
            raise
        self._wrapped = bool(launch.wrapper)
        self._tree = Tree(self._popen, wrapped_status=launch.wrapped_status)
        self._pipes = open_pipes(self._popen, limits.output_bytes)
        self._wire = protocol.Wire(Reply, lambda view: self._pipes.fill(view, self._tick))
        self._await_ready()

    def ask(
        self,
        body: Ask,
        arrays: Sequence[Array],
        answer: type[Expected],
        seconds: float,
        given: float,
        count: int | None = None,
    ) -> tuple[Expected, list[Array]]:
        """Send a request; return the answer and its arrays.

        answer: the type that it must have. count: how many arrays it must have, if that is known.
        seconds: how long to wait. given: the same as the student was told it, for the message.
        Raises ValueError if the request is too large or has a dtype that cannot cross; the others of `errors`.
        """
        self._number += 1
        buffers = protocol.request(self._number, body, arrays)
        reply, values = self._exchange(buffers, seconds, given)
        if reply.number != self._number:
            raise self.refuse(f"expected the answer to request {self._number}, got one to {reply.number}")
        if isinstance(reply.body, Failed):
            raise self._failure(reply.body)
        if not isinstance(reply.body, answer):
            raise self.refuse(f"expected {answer.__name__}, got {type(reply.body).__name__}")
        if count is not None and len(values) != count:
            raise self.refuse(f"expected {count} arrays, got {len(values)}")
        return reply.body, values

    def refuse(self, why: str) -> ProtocolError:
        """End the worker, whose answer cannot be one; return the error to raise."""
        self.close()
        return ProtocolError(f"worker: {why}. The hand-in, or something it started, tampered with the connection.")

    def tail(self) -> str:
        """Return the last of what the worker printed, cleaned. It may be asked for after the worker's end."""
        content = self._tail if self.closed else self._pipes.tail()
        return clean(content.decode("utf-8", "replace"), self._limits.output_bytes)

    def look(self) -> None:
        """Note how much memory the worker uses now."""
        if not self.closed:
            self.peak_rss = max(self.peak_rss, self._tree.look(deep=True).resident)

    def alive(self) -> bool:
        """Whether the worker is running."""
        return not self.closed and self._tree.runs()

    def kill(self) -> None:
        """Kill the worker, from whatever thread. Whoever waits for it sees it end."""
        self._popen.kill()

    def close(self) -> int:
        """Kill the worker and all that it started, remove its folder; return its exit status."""
        if not self.closed:
            self.closed = True
            self._status = self._tree.kill()
            self._tail = self._pipes.tail()
            self._pipes.close()
            remove_scratch(self._scratch)
        return self._status

    def _await_ready(self) -> None:
        try:
            reply, _ = self._exchange([], START_SECONDS, START_SECONDS)
        except (WorkerCrashed, WorkerTimeout, WorkerMemory, ProtocolError) as error:
            raise LaunchError(
                f"worker: expected it to start, but {error}. No hand-in was involved. It printed:\n{self.tail()}"
            ) from error
        if reply.number != 0 or not isinstance(reply.body, Ready):
            self.close()
            raise LaunchError("worker: expected its first message to be Ready.")
        self._besides = self._tree.look(deep=True).processes - 1
        self._worker = self._tree.innermost()

    def _exchange(
        self, buffers: Sequence[bytes | memoryview], seconds: float, given: float
    ) -> tuple[Reply, list[Array]]:
        """Write a frame, read a frame, and turn whatever else happens into an error."""
        start = time.monotonic()
        self._until, self._seconds, self._given = start + seconds, seconds, given
        self._in_line = seconds_in_line(self._worker)
        self._next_look = start + _LOOK_SECONDS
        try:
            self._tick()  # with no time left, not even an answer that comes at once is one
            self._pipes.send(buffers, self._tick)
            return self._wire.read()
        except EOFError:
            raise self._death() from None
        except protocol.FrameError as error:
            raise self.refuse(str(error)) from error
        except BaseException:
            # Also KeyboardInterrupt: half an answer may have been read, and the rest would be taken for the next.
            self.close()
            raise
        finally:
            self.waited += time.monotonic() - start - self._kept_waiting()

    def _tick(self) -> float:
        """Raise if the time is up or the memory is gone; return the seconds until it is worth asking again."""
        now = time.monotonic()
        until = self._until
        if now >= until:
            until += self._kept_waiting()
            if now >= until:
                raise WorkerTimeout(self._given)
        if now >= self._next_look:
            self._watch()
            now = time.monotonic()
            self._next_look = now + _LOOK_SECONDS
        return max(min(until, self._next_look) - now, 0.0)

    def _kept_waiting(self) -> float:
        """Return how long, since it was asked, the worker could have run and others had the processor.

        That is no time of the hand-in's. At most as much as it was given: no hand-in can draw it out for ever.
        """
        return min(max(seconds_in_line(self._worker) - self._in_line, 0.0), self._seconds)

    def _watch(self) -> None:
        """Compare what the worker uses with what it may use. Raises EOFError if it has ended."""
        if not self._tree.runs():
            # A process that it left behind may hold its end of the pipe open, which then never ends by itself.
            raise EOFError
        deep = self._looks % _DEEP_EVERY == 0
        self._looks += 1
        use, limits = self._tree.look(deep=deep), self._limits
        self.peak_rss = max(self.peak_rss, use.resident)
        if use.resident > limits.memory_bytes:
            raise WorkerMemory(limits.memory_bytes)
        if use.cpu_seconds > limits.cpu_seconds:
            raise WorkerTimeout(limits.cpu_seconds)
        if use.processes - self._besides > limits.processes:
            raise WorkerCrashed(self.close(), f"It was ended: it ran more than {limits.processes} processes.")
        if bytes_in(self._scratch, self._worker, limits.scratch_bytes) > limits.scratch_bytes:
            mib = limits.scratch_bytes >> 20
            raise WorkerCrashed(self.close(), f"It was ended: it wrote more than {mib} MiB of files, or too many.")

    def _death(self) -> Exception:
        """Return the error for a worker that closed its pipe, which it does by ending."""
        if os.name == "nt" or self._wrapped:
            # To kill what is about to end would change its status here; elsewhere that is settled by now.
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(1.0)
        status = self.close()
        if _SIGXCPU is not None and status == -_SIGXCPU:
            return WorkerTimeout(self._limits.cpu_seconds)
        if status == -_SIGKILL and oom_kills() != self._kills:
            return WorkerMemory(self._limits.memory_bytes)
        return WorkerCrashed(status, self.tail())

    def _failure(self, failed: Failed) -> Exception:
        if failed.memory:
            self.close()
            return WorkerMemory(self._limits.memory_bytes)
        frames = tuple(Frame(line, function, self._text(line)) for line, function in failed.lines)
        return StudentError(failed.kind, failed.message, frames)

    def _text(self, line: int) -> str:
        """Return line number `line` of the hand-in: from our copy, not as the worker tells it."""
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""
