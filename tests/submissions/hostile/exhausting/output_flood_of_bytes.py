"""Write 200 MiB of what is no text to both outputs, past Python's own."""

import os


def attack() -> None:
    noise = bytes(range(256)) * 4096
    for _ in range(100):
        os.write(1, noise)
        os.write(2, noise)
