"""See where the time goes: look at what the main thread runs, again and again, while it runs.

It can be looked at between two steps of the interpreter: at calls and at the ends of loops. What a line of plain
arithmetic takes is counted to the next such line.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from autograder.sandbox.messages import Profiled
from autograder.sandbox.worker.calls import awake
from autograder.sandbox.worker.handin import plain
from autograder.sandbox.worker.hurry import within
from autograder.sandbox.worker.kept import Kept
from numpytorch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from autograder.sandbox.messages import Array, Profile
    from autograder.sandbox.worker.state import State

_EVERY_SECONDS = 0.001
_MOST_LINES = 16
_MOST_CALLS = 20


def profile(state: State, ask: Profile, arrays: list[Array]) -> tuple[Profiled, list[Array]]:
    """Run an object on `arrays` and back, until the time is up or it has run often enough; tell its slowest lines."""
    made = awake(state, ask.obj, training=True)
    calls = 0

    def work() -> None:
        nonlocal calls
        for _ in range(_MOST_CALLS):
            output = made.root(*map(Tensor, arrays))  # type: ignore[operator] # as in `calls.call`
            if isinstance(output, list | tuple):
                output = output[0]
            if isinstance(output, Tensor) and output.requires_grad:
                output.backward(np.ones_like(output.arr))
            calls += 1

    kept = Kept(made.root)
    try:
        seen = _sample(state.hand_in.file, lambda: within(ask.seconds, work))
    finally:
        kept.restore()
    total = sum(seen.values())
    slowest = sorted(seen.items(), key=lambda item: -item[1])[:_MOST_LINES]
    lines = [(line, plain(function), spent / total) for (line, function), spent in slowest]
    return Profiled(calls, tuple(lines)), []


class _Clock:
    """Counts the time since the last look to the line that runs now. Line 0 stands for none of the hand-in's."""

    def __init__(self, file: str) -> None:
        self.seen: defaultdict[tuple[int, str], float] = defaultdict(float)
        self._file = file
        self._before = time.perf_counter()

    def look(self, frame: FrameType | None) -> None:
        """Count by time and not by number of looks: while compiled code holds the interpreter, there are none."""
        now = time.perf_counter()
        self.seen[_line(self._file, frame)] += now - self._before
        self._before = now


def _sample(file: str, work: Callable[[], object]) -> dict[tuple[int, str], float]:
    """Do `work`; return the seconds for which each line of `file` was the innermost one that ran."""
    clock = _Clock(file)
    if hasattr(signal, "setitimer"):
        _interrupt(clock, work)
    else:
        _look_on(clock, work)
    return clock.seen


def _interrupt(clock: _Clock, work: Callable[[], object]) -> None:
    """Look whenever an alarm rings."""
    before = signal.signal(signal.SIGALRM, lambda _, frame: clock.look(frame))
    try:
        signal.setitimer(signal.ITIMER_REAL, _EVERY_SECONDS, _EVERY_SECONDS)
        work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _look_on(clock: _Clock, work: Callable[[], object]) -> None:
    """Look from another thread, where there is no such alarm.

    It gets its turn sooner at calls into NumPy that let others run, and counts them too often.
    """
    thread, ended = threading.get_ident(), threading.Event()

    def look() -> None:
        while not ended.wait(_EVERY_SECONDS):
            clock.look(sys._current_frames().get(thread))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        work()
    finally:
        ended.set()
        looking.join()


def _line(file: str, frame: FrameType | None) -> tuple[int, str]:
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno or 0, frame.f_code.co_qualname
        frame = frame.f_back
    return 0, ""
