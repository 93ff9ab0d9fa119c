"""Cases: reading and writing parts of a Tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch import Tensor
from tests.functions.cases.case import Case, normal

if TYPE_CHECKING:
    from collections.abc import Callable

X = normal(3, 5, 7)
MASK = np.random.default_rng(3).random((3, 5)) > 0.5
KEYS: dict[str, Any] = {
    "int": 1, "negative int": -1, "two ints": (0, 2), "all ints": (0, 2, 4), "numpy int": np.int64(2),
    "slice": slice(1, 3), "step": slice(None, None, 2), "negative step": (slice(None), slice(None, None, -2)),
    "empty slice": slice(2, 2), "int and slice": (slice(None), 3), "None": (None, 1), "ellipsis": (..., 2),
    "ellipsis between": (0, ..., 1), "nothing": (), "all": ...,
    "integer array": np.array([2, 0]), "list": [2, 0, 1], "repeats": np.array([0, 2, 0, 0]),
    "list of repeats": [1, 1], "matrix of ints": np.array([[0, 1], [1, 1]]),
    "two arrays": (np.array([0, 1, 2]), np.array([4, 0, 4])), "arrays that broadcast": (np.array([[0], [2]]), [1, 3]),
    "array and slice": (slice(None), np.array([0, 0, 4]), slice(1, 3)), "int and array": (1, np.array([0, 3, 3])),
    "arrays apart": (np.array([0, 1]), slice(None), np.array([6, 6])), "tuple as array": ((0, 0, 2),),
    "array and None": (np.array([1, 1]), None), "negative array": np.array([-1, 2, -3]),
    "mask": MASK, "mask of the first axis": np.array([True, False, True]), "mask and int": (MASK, 2),
    "mask in a list": [False, True, True], "mask of all": np.random.default_rng(4).random((3, 5, 7)) > 0.5,
    "empty list": [], "tensor": Tensor(np.array([2, 2, 0])),
}  # fmt: skip

PLAIN_IN_TORCH = set(KEYS) - {"negative step", "numpy int", "tuple as array", "tensor", "empty list", "array and None"}


def _key(key: Any) -> Any:
    return key.arr if isinstance(key, Tensor) else key


def _set(key: Any, copy: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Write to a copy of x at a key, and return it."""

    def run(x: Any, value: Any) -> Any:
        out = copy(x)
        out[key] = value
        return out

    return run


def _cases(name: str, key: Any) -> list[Case]:
    shape = np.empty((3, 5, 7))[_key(key)].shape
    torch = name in PLAIN_IN_TORCH
    unique = not any(word in name for word in ("repeat", "array", "matrix", "ints"))  # else torch lets any of them win
    ours, ref = _set(key, lambda x: x * 1), _set(_key(key), np.copy)
    return [
        Case(f"x[{name}]", lambda x: x[key], lambda x: x[_key(key)], (X,), (lambda T, x: x[key]) if torch else None),
        Case(f"x[{name}] = value", ours, ref, (X, normal(*shape)),
             (lambda T, x, v: _set(key, lambda x: x * 1)(x, v)) if torch and unique else None),
        Case(f"x[{name}] = number", ours, ref, (X, normal())),
    ]  # fmt: skip


CASES = [case for name, key in KEYS.items() for case in _cases(name, key)]
