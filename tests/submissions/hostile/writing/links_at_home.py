"""Leave links and folders that nobody may enter where the grader will clean up."""

import os

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    os.symlink(OUTSIDE, "link")
    os.makedirs("a/b/c")
    os.symlink("/", "a/b/root")
    os.symlink("loop", "loop")
    for folder in ("a/b/c", "a/b", "a", "."):
        os.chmod(folder, 0)
