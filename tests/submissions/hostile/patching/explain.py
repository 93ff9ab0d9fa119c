"""Replace what tells of exceptions by one that never ends, and the code of what answers by another's."""

import sys


def attack() -> None:
    hand_in = sys.modules["autograder.sandbox.worker.handin"]

    def explain(self: object, error: BaseException) -> object:
        raise error

    hand_in.HandIn.explain = explain
    raise ValueError("what is said of this?")
