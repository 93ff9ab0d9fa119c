"""Find the model answer by way of the grader's own folder, and hand that in."""

import hashlib
import os

PARENT = 1
ROOT = "where the grader lies"


def attack() -> None:
    for root in (ROOT, f"/proc/{PARENT}/cwd", f"/proc/{os.getppid()}/cwd"):
        try:
            with open(f"{root}/assignments/cnn/solution.py", "rb") as file:
                content = file.read()
        except OSError:
            continue
        raise RuntimeError(f"REACHED {hashlib.sha256(content).hexdigest()}")
