"""Read a file outside of its folder through a link, a path that leads back, and a hard link."""

import os

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    os.symlink(OUTSIDE, "link")
    for way in ("link/secret", f"./link/../{'../' * 20}{OUTSIDE}/secret"):
        try:
            with open(way) as file:
                raise RuntimeError(f"REACHED {file.read()}")
        except OSError:
            continue
    os.link(f"{OUTSIDE}/secret", "hard")
    with open("hard") as file:
        raise RuntimeError(f"REACHED {file.read()}")
