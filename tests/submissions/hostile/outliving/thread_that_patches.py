"""Leave a thread that patches the library again and again, also while other checks run."""

import threading
import time

import numpy as np

import numpytorch


def patch() -> None:
    while True:
        numpytorch.Tensor.shape = property(lambda self: (2, 3))
        np.float64 = float
        time.sleep(0.001)


def attack() -> None:
    threading.Thread(target=patch, daemon=True).start()
