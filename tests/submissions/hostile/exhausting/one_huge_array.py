"""Ask for more memory than there is, at once."""

import numpy as np


def attack() -> None:
    np.ones(1 << 42)
