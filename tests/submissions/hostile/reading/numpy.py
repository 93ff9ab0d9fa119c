"""Read a file outside of its folder with NumPy, which opens files in its own ways."""

import numpy as np

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    content = np.fromfile(f"{OUTSIDE}/secret", np.uint8).tobytes().decode()
    raise RuntimeError(f"REACHED {content}")
