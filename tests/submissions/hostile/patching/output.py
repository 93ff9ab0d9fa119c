"""Replace the streams by ones that raise whatever is done with them."""

import sys


class Raising:
    def __getattribute__(self, name: str) -> object:
        raise SystemExit(0)


def attack() -> None:
    sys.stdout = sys.stderr = sys.stdin = sys.__stdout__ = sys.__stderr__ = Raising()
    sys.excepthook = sys.unraisablehook = lambda *_: None
