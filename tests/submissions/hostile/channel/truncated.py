"""Announce a message, send half of it, and keep quiet; the other half is the next answer."""

import os
import struct


def attack() -> None:
    for end in pipes(os.O_WRONLY):
        os.write(end, struct.pack(">I", 1000) + b'{"number":')
