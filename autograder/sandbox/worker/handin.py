"""The hand-in in the worker: import it, and tell what went wrong in it."""

from __future__ import annotations

import linecache
import math
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from autograder.sandbox.messages import MAX_NAMES, Failed, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_TEXT = 4000
_MAX_NAME = 200
_MOST_LINES = 32


class HandIn:
    """The module that a student wrote, or the course's harness for it. It has no file here: only its text crosses."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.module = ModuleType(name)
        self.source = ""
        self._file = str(Path.cwd() / f"{name}.py")

    @property
    def file(self) -> str:
        """The name that its code objects have as their file."""
        return self._file

    def load(self, source: str) -> tuple[str, ...]:
        """Run `source` as a module; return its public names. Raises whatever that raises."""
        self.source = source
        self.module = ModuleType(self._name)
        self.module.__file__ = self._file
        # For tracebacks and inspect.getsource; an entry without a time is never checked against the disk.
        linecache.cache[self._file] = (len(source), None, source.splitlines(keepends=True), self._file)
        sys.modules[self._name] = self.module
        exec(compile(source, self._file, "exec", dont_inherit=True), self.module.__dict__)  # noqa: S102 (what this process is for)
        names = [plain(name) for name in map(str, self.module.__dict__) if not name.startswith("_")]
        return tuple(names[:MAX_NAMES])

    def constants(self, names: Sequence[str]) -> tuple[Scalar | None, ...]:
        """Return the values of module-level `names`; None for what is absent, not a scalar, or too large."""
        return tuple(_scalar(self.module.__dict__.get(name)) for name in names)

    def explain(self, error: BaseException) -> Failed:
        """Return what can be said about `error`: nothing in it may raise, whatever the hand-in made of it."""
        lines = list(self._lines(error))
        if len(lines) > _MOST_LINES:
            lines = lines[: _MOST_LINES // 2] + lines[-_MOST_LINES // 2 :]
        try:
            message = str(error)
        except BaseException:  # noqa: BLE001 (the hand-in's own __str__)
            message = "(its message could not be made)"
        if len(message) > _MAX_TEXT:
            message = message[: _MAX_TEXT // 2] + " [...] " + message[-_MAX_TEXT // 2 :]
        memory = isinstance(error, MemoryError)
        return Failed(plain(type(error).__name__), _encodable(message), tuple(lines), memory)

    def _lines(self, error: BaseException) -> Iterator[tuple[int, str]]:
        """Yield the lines of the hand-in that were running, outermost first, and where it cannot be parsed."""
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == self._file:
                yield max(number or 0, 0), plain(frame.f_code.co_qualname)
        if isinstance(error, SyntaxError) and error.filename == self._file:
            yield max(error.lineno or 0, 0), "<module>"


def plain(name: str) -> str:
    """Return `name` as text that can cross: encodable, and not too long."""
    return _encodable(str.__str__(name)[:_MAX_NAME])


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _scalar(value: object) -> Scalar | None:
    if isinstance(value, np.bool_ | np.integer | np.floating) and type(value).__module__ == "numpy":
        value = value.item()
    if isinstance(value, bool):
        return value
    # Exact types: a subclass could say one thing to us and another to the encoder.
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is str and len(value) <= _MAX_TEXT:
        return _encodable(value)
    return None
