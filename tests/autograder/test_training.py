"""What a training looks at on the way takes nothing of the time that the hand-in has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from autograder.checks import steps
from autograder.checks.steps import Settings
from autograder.sandbox import Session


class Clock:
    """Each step takes a second, each look twenty."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks: list[int] = []

    def perf_counter(self) -> float:
        return self.now

    def step(self, *_: Any) -> float:
        self.now += 1
        return 1.0

    def look(self, done: int) -> None:
        self.now += 20
        self.looks.append(done)

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        self.allowed = seconds
        yield


def test_looks_cost_no_iteration_and_are_not_in_the_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(steps, "time", clock)
    session = cast(Session, SimpleNamespace(train_step=clock.step, deadline=clock.deadline))
    losses, seconds = steps.take_steps(session, 0, Settings(2, 50, 0.1), 0, 60.0, lambda *_: None, clock.look)
    assert clock.looks == [10, 20, 30, 40]
    assert len(losses) == seconds == 50
    assert clock.allowed > 60
