"""Write a falling loss and moving weights where the grader reads them, without learning anything."""

import sys

import numpy as np

calls = sys.modules.get("autograder.sandbox.worker.calls")


def attack() -> None:
    messages = sys.modules["autograder.sandbox.messages"]
    losses = iter(np.linspace(2.3, 0.1, 10000))

    def train_step(state: object, ask: object, arrays: object) -> object:
        root = state.objects[ask.obj].root
        for parameter in root.parameters():
            parameter.arr = parameter.arr + np.float32(0.01)
        return messages.Values(), [np.float32(next(losses)).reshape(())]

    calls.train_step = train_step
