"""Pools: where hand-ins are graded. The runner knows only that something takes a task and gives a future."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from threadpoolctl import threadpool_limits

from autograder.grading.work import grade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from autograder.grading.work import Task
    from autograder.verdict import SubmissionResult


class Pool(Protocol):
    """Something that grades several hand-ins at a time."""

    @property
    def room(self) -> int:
        """How many tasks keep it busy. More may be given, and wait there."""

    def submit(self, task: Task) -> Future[SubmissionResult]:
        """Begin to grade a hand-in. A future that raises BrokenExecutor was lost, maybe by another's doing."""

    def check(self) -> None:
        """Raise if nothing will ever come of what is under way. Asked often."""

    def mend(self) -> None:
        """Make it work again after a BrokenExecutor. Nothing is under way then."""

    def close(self, *, now: bool) -> None:
        """Give its processes back, once what is under way has finished; now: without waiting for that."""


class LocalPool:
    """Processes of this machine, each of which starts the sandboxes of the hand-ins that it grades."""

    def __init__(self, workers: int) -> None:
        self.room = workers
        self._executor = self._start()

    def submit(self, task: Task) -> Future[SubmissionResult]:
        """See Pool."""
        with _ctrl_c_held_back():  # the processes begin with the first tasks
            return self._executor.submit(grade, task)

    def check(self) -> None:
        """See Pool. A future tells it, here."""

    def mend(self) -> None:
        """See Pool."""
        self._executor.shutdown(wait=True)
        self._executor = self._start()

    def close(self, *, now: bool) -> None:
        """See Pool."""
        if now:
            for process in list((self._executor._processes or {}).values()):  # None, once it is being shut down
                process.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")  # a fork would copy whatever locks our threads hold
        return ProcessPoolExecutor(self.room, mp_context=spawn, initializer=_begin)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let Ctrl-C wait until the end of this context, and in processes that are started in it until they unblock it.

    It goes to all processes of the terminal, and the first one decides what is to end. Windows has no such thing: there
    a process that has just begun may be ended by it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Prepare a process of the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threadpool_limits(1)  # one process a core is enough
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the process that started this one has ended, in whatever way: nobody else would end this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
