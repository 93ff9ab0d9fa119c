"""Put other objects where the hand-in, the harness and the worker's own modules stand in sys.modules."""

import sys


class Impostor:
    def __getattr__(self, name: str) -> object:
        return lambda *_, **__: self

    def __iter__(self) -> object:
        return iter(())


def attack() -> None:
    for name in list(sys.modules):
        if name in ("assignment", "harness", "numpy", "random") or name.startswith(("autograder", "numpytorch")):
            sys.modules[name] = Impostor()
