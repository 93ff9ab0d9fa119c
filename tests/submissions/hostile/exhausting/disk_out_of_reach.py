"""Fill the disk in a folder so deep that no path leads there: 640 MiB here."""

import os

ROOM = "told if all of it could be written"


def attack() -> None:
    for _ in range(40):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    for number in range(80):
        with open(f"fill-{number}", "wb") as file:
            file.write(bytes(8 << 20))
    raise RuntimeError(f"REACHED {ROOM}")
