"""Announce a header of 4 GiB."""

import os
import struct


def attack() -> None:
    for end in pipes(os.O_WRONLY):
        os.write(end, struct.pack(">I", 0xFFFFFFFF) + b"{" * 65536)
