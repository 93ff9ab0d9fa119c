"""Trace every call from now on, and change the local variables of what is called."""

import ctypes
import sys


def attack() -> None:
    def watch(frame: object, event: str, argument: object) -> object:
        for name in ("request", "arrays", "answer", "values"):
            if name in frame.f_locals and frame.f_code.co_filename.endswith("serve.py"):
                frame.f_locals[name] = None
                ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
        return watch

    sys.settrace(watch)
    frame = sys._getframe()
    while frame is not None:
        frame.f_trace = watch
        frame = frame.f_back
