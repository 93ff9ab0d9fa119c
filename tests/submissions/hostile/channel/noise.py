"""Write into whatever descriptor can be written to."""

import os


def attack() -> None:
    for end in range(256):
        try:
            os.write(end, b"\x00\x00\x00\x02{}")
        except OSError:
            continue
