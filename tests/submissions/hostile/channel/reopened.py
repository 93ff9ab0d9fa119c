"""Open the other ends of the connection's pipes through /proc, and read what the grader should."""

import os


def attack() -> None:
    for end in pipes(os.O_WRONLY) + pipes(os.O_RDONLY):
        for mode in (os.O_RDONLY, os.O_WRONLY):
            other = os.open(f"/proc/self/fd/{end}", mode | os.O_NONBLOCK)
            if mode == os.O_WRONLY:
                os.write(other, frame(b'{"number":1,"body":{"is":"load"},"arrays":[]}'))
