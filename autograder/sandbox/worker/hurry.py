"""Hurry: stop what the main thread does once a time is up, so that the worker lives on to say what it has."""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_AGAIN_SECONDS = 0.05
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


class OutOfTime(BaseException):
    """Raised in the hand-in's code, wherever it is."""


def within(seconds: float, work: Callable[[], None]) -> bool:
    """Do `work` in this thread; return whether it ended by itself. Raises what it raises.

    It is stopped between two steps of the interpreter, and again if it catches what stops it. One call into compiled
    code that takes long cannot be stopped, nor what catches everything for ever: for them is the parent's deadline.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    over: list[bool] = []
    lock, ended = threading.Lock(), threading.Lock()
    ended.acquire()

    def watch() -> None:
        wait = seconds
        while not ended.acquire(timeout=wait):
            with lock:
                if not over:
                    _raise_in(thread, ctypes.py_object(OutOfTime))
            wait = _AGAIN_SECONDS

    stopped = False
    try:
        threading.Thread(target=watch, daemon=True).start()
        work()
    except OutOfTime:
        stopped = True
    finally:
        # Here, and not in a function of its own, whose first step could be where it is raised once more.
        while True:
            try:
                with lock:
                    over.append(True)
                # What has been raised and not yet seen is seen now: the interpreter looks at each turn of a loop.
                # (To take it back, PyThreadState_SetAsyncExc(thread, NULL), leaves CPython 3.11 looking for ever.)
                for _ in range(100):
                    pass
            except OutOfTime:
                stopped = True
            else:
                break
        ended.release()
    return not stopped
