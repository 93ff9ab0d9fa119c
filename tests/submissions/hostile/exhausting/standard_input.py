"""Read standard input to its end, over the descriptor."""

import os


def attack() -> None:
    while os.read(0, 1 << 16):
        pass
    open("/dev/tty").read()
