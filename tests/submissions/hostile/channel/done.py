"""Answer that it is done, and how many times that may be."""

import os


def attack() -> None:
    for end in pipes(os.O_WRONLY):
        for ahead in range(50):
            os.write(end, frame(b'{"number":%d,"body":{"is":"done"},"arrays":[]}' % (number() + ahead)))
