"""Move a folder of its own to where the grader would find it, and a link, a pipe and a socket with it."""

import os

OUTSIDE, CANARY = "a folder of the grader's", "a name"


def attack() -> None:
    os.mkdir("mine")
    os.symlink("/etc/passwd", "mine/link")
    os.mkfifo("mine/pipe")
    os.rename("mine", f"{OUTSIDE}/{CANARY}")
