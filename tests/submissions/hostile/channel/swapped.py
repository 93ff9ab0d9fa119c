"""Let one descriptor be another: answers go to where output goes, and requests come from nowhere."""

import os


def attack() -> None:
    for end in pipes(os.O_WRONLY):
        os.dup2(2, end)
    for end in pipes(os.O_RDONLY):
        os.dup2(os.open(os.devnull, os.O_RDONLY), end)
