"""Replace builtins that a comparison would use."""

import builtins


def attack() -> None:
    builtins.abs = lambda _: 0
    builtins.all = lambda _: True
    builtins.any = lambda _: False
    builtins.max = lambda *_, **__: 0.0
    builtins.AssertionError = builtins.Exception
    builtins.print = lambda *_, **__: None
