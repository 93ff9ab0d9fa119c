"""Send each answer twice."""

import sys


def attack() -> None:
    serve = sys.modules["autograder.sandbox.worker.serve"]
    once = serve._write

    def twice(*arguments: object) -> None:
        once(*arguments)
        once(*arguments)

    serve._write = twice
