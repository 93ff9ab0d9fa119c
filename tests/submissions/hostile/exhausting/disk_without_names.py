"""Fill the disk with files that have no name any more: 640 MiB here."""

import os

ROOM = "told if all of it could be written"
KEPT = []


def attack() -> None:
    for number in range(80):
        KEPT.append(open("fill", "wb"))
        os.unlink("fill")
        KEPT[-1].write(bytes(8 << 20))
    raise RuntimeError(f"REACHED {ROOM}")
