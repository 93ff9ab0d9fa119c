"""Hold dictionaries in dictionaries in a circle, and a million lists, where Tensors are looked for."""

import sys


def attack() -> None:
    layer = sys.modules["assignment"].Conv2d
    before = layer.__init__

    def init(self, *args: object, **kwargs: object) -> None:
        before(self, *args, **kwargs)
        self.circle = {}
        self.circle["circle"] = self.circle
        self.many = [[i] for i in range(10**6)]

    layer.__init__ = init
