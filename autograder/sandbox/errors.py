"""How a request to the worker can fail. Who is at fault is the first thing that the type says."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.sandbox.text import clean, clean_line

MAX_KIND = 80
MAX_MESSAGE = 2000
MAX_LINE = 200


class SandboxError(Exception):
    """Any of the failures below."""


class LaunchError(SandboxError):
    """The worker could not be started. The grader, or the machine, is at fault, never the hand-in."""


class DeadSessionError(SandboxError):
    """A request to a session whose worker has ended. The grader is at fault: it should have restarted it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of the hand-in that was running when it failed: number from 1, function, and text."""

    line: int
    function: str
    text: str


class StudentError(SandboxError):
    """The hand-in, or the library on its behalf, raised an exception. The session goes on.

    kind: the exception's class name: `NotImplementedError`, `ShapeError`, `SystemExit`.
    message: its text. frames: the lines of the hand-in that led to it, outermost first; none where
        the library was asked for something that the hand-in made impossible, such as a gradient.
    All three come from the hand-in: they are cleaned, cut to length, and not to be believed.
    """

    def __init__(self, kind: str, message: str, frames: tuple[Frame, ...] = ()) -> None:
        self.kind = clean_line(kind, MAX_KIND)
        self.message = clean(message, MAX_MESSAGE)
        self.frames = tuple(
            Frame(frame.line, clean_line(frame.function, MAX_LINE), clean_line(frame.text, MAX_LINE))
            for frame in frames
        )
        super().__init__(self.kind, self.message, self.frames)

    def __str__(self) -> str:
        where = f" (line {self.frames[-1].line}: {self.frames[-1].text})" if self.frames else ""
        return f"{self.kind}: {self.message}{where}"


class WorkerTimeout(SandboxError):  # noqa: N818 (named for what happened, as its siblings are)
    """The hand-in did not answer in time and was stopped. seconds: how long it was given."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(seconds)

    def __str__(self) -> str:
        return f"no answer within {self.seconds:g} seconds"


class WorkerMemory(SandboxError):  # noqa: N818 (as above)
    """The hand-in wanted more memory than it may have. limit: how many bytes that is."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(limit)

    def __str__(self) -> str:
        return f"more than {self.limit} bytes of memory"


class WorkerCrashed(SandboxError):  # noqa: N818 (as above)
    """The worker ended, or had to be ended, without an answer.

    returncode: its exit status; negative for the number of the signal that ended it, as in `subprocess`.
    tail: the last of what it printed, cleaned.
    """

    def __init__(self, returncode: int, tail: str) -> None:
        self.returncode = returncode
        self.tail = tail
        super().__init__(returncode, tail)

    def __str__(self) -> str:
        return f"the worker ended with status {self.returncode}"


class ProtocolError(SandboxError):
    """What arrived is no answer to what was asked. Only code that tampers with the worker does this."""
