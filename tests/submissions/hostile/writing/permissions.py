"""Change what the grader's files are: permissions, times, length."""

import os

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    for change in (lambda f: os.utime(f, (0, 0)), lambda f: os.chmod(f, 0o777), lambda f: os.truncate(f, 0)):
        try:
            change(f"{OUTSIDE}/to be changed")
        except OSError:
            continue
