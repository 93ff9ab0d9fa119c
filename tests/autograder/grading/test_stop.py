"""A run is asked to end by the signals that people and systems send, and heeds those that it was told to ignore."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from autograder.grading import Stop

posix = pytest.mark.skipif(os.name != "posix", reason="needs to send itself signals")


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_asks_and_the_second_drops(name: str) -> None:
    number = getattr(signal, name)
    told: list[str] = []
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with Stop(lambda: told.append("asked")) as stop:
            assert not stop()
            os.kill(os.getpid(), number)
            assert stop()
            assert told == ["asked"]
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


@posix
def test_a_signal_that_is_ignored_stays_so() -> None:
    assert sys.platform != "win32"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with Stop(lambda: None) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)
