"""Find the labels of the held-out digits on the disk."""

import hashlib
import os

ROOT = "where the grader lies"


def attack() -> None:
    for folder, _, names in os.walk(f"{ROOT}/data"):
        for name in names:
            if "labels" in name:
                with open(os.path.join(folder, name), "rb") as file:
                    raise RuntimeError(f"REACHED {hashlib.sha256(file.read()).hexdigest()}")
