"""Tell of weights of the shapes that are looked for, and give others when they are read."""

import sys

import numpy


def attack() -> None:
    calls, messages = sys.modules["autograder.sandbox.worker.calls"], sys.modules["autograder.sandbox.messages"]
    shapes = [
        (4, 3, 3, 3),
        (4,),
        (5, 2, 2, 2),
        (5,),
        (3, 5, 1, 1),
        (3,),
        (3, 1, 5, 5),
        (2, 3, 3, 3),
        (2,),
        (4, 2, 3, 3),
    ]
    told = tuple(messages.TensorInfo(f"w{i}", s, "float64", True, "Parameter", True) for i, s in enumerate(shapes))
    calls.describe = lambda *_: told
    calls.read = lambda state, ask: (messages.Values(), [numpy.ones((7, 1)) for _ in ask.paths])
    calls.write = lambda *_: (messages.Done(), [])
