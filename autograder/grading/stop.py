"""Stop: how a run is told to end early, without losing anything."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Stop:
    """Within it, Ctrl-C, a request to terminate or a lost terminal asks the run to end; a second one drops it.

    told: called once, when it is asked. The second raises KeyboardInterrupt. For the main thread, as all signals are.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told
        self._before: list[tuple[int, object]] = []
        self.asked = False

    def __enter__(self) -> Self:
        names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no third
        for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it, which is to be heeded
                self._before.append((number, signal.signal(number, self._ask)))
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)  # type: ignore[arg-type] # as signal.signal returned it

    def __call__(self) -> bool:
        """Whether the run is to end."""
        return self.asked

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._told()
