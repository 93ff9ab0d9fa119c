"""Tell of Tensors whose paths are markup, the same twice, and of shapes that no array has."""

import sys


def attack() -> None:
    calls, messages = sys.modules["autograder.sandbox.worker.calls"], sys.modules["autograder.sandbox.messages"]

    def describe(*_: object) -> object:
        info = messages.TensorInfo("[bold]w", (10**18,), "float64", True, "Parameter", True)
        return (info, messages.TensorInfo("w", (4, 3, 3, 3), "float64", True, "Parameter", True), info)

    calls.describe = describe
