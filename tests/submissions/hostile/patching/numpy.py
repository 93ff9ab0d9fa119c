"""Replace NumPy's comparisons by ones that find everything equal."""

import numpy as np


def attack() -> None:
    for name in ("allclose", "array_equal", "isclose", "array_equiv"):
        setattr(np, name, lambda *_, **__: True)
    np.testing.assert_allclose = np.testing.assert_array_equal = lambda *_, **__: None
    np.isfinite = lambda x: np.ones(np.shape(x), bool)
    np.abs = np.absolute = lambda x, *_, **__: np.zeros(np.shape(x))
