"""Replace the worker's functions by ones that answer that all went well."""

import sys


def attack() -> None:
    calls = sys.modules["autograder.sandbox.worker.calls"]
    serve = sys.modules["autograder.sandbox.worker.serve"]
    messages = sys.modules["autograder.sandbox.messages"]

    def nothing(*_: object) -> object:
        return messages.Done(), []

    for name in ("call", "backward", "predict", "train_step", "outputs", "read"):
        setattr(calls, name, nothing)
    serve._answer = nothing
