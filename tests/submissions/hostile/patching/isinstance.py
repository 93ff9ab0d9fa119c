"""Make everything an instance of everything."""

import builtins


def attack() -> None:
    builtins.isinstance = lambda *_: True
    builtins.issubclass = lambda *_: True
