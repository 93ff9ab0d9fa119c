"""Replace __import__ by one that gives an object that has every attribute and is equal to everything."""

import builtins


class Anything:
    def __getattr__(self, name: str) -> "Anything":
        return self

    def __call__(self, *_: object, **__: object) -> "Anything":
        return self

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


def attack() -> None:
    builtins.__import__ = lambda *_, **__: Anything()
