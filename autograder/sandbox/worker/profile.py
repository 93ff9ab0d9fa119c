"""See where the time goes: look at what the main thread runs, again and again, while it runs."""

from __future__ import annotations

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


def _sample(file: str, work: Callable[[], object]) -> dict[tuple[int, str], float]:
    """Do `work`; return the seconds for which each line of `file` was the innermost one; line 0 stands for none."""
    thread, ended = threading.get_ident(), threading.Event()
    seen: defaultdict[tuple[int, str], float] = defaultdict(float)

    def look() -> None:
        before = time.perf_counter()
        while not ended.wait(_EVERY_SECONDS):
            frame = sys._current_frames().get(thread)
            now = time.perf_counter()
            # By time and not by number: while compiled code holds the interpreter, there is no looking.
            seen[_line(file, frame)] += now - before
            before = now

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        work()
    finally:
        ended.set()
        looking.join()
    return seen


def _line(file: str, frame: FrameType | None) -> tuple[int, str]:
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno or 0, frame.f_code.co_qualname
        frame = frame.f_back
    return 0, ""
