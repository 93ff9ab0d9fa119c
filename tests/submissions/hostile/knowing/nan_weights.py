"""Weights that are NaN when they are read, so that no distance tells that they have not moved."""

import sys

import numpy as np


def attack() -> None:
    calls = sys.modules["autograder.sandbox.worker.calls"]
    messages = sys.modules["autograder.sandbox.messages"]
    before = calls.read

    def read(state: object, ask: object) -> object:
        answer, values = before(state, ask)
        return answer, [np.full_like(value, np.nan) for value in values]

    calls.read = read
    assert messages
