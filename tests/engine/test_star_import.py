"""`from numpytorch.functions import *` hides Python's sum and max, and says so where that matters."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

import numpytorch.functions
from numpytorch import DtypeError, Tensor


def _starred() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec("from numpytorch.functions import *", names)
    return names


def test_it_gives_what_the_course_uses_and_leaves_abs_min_and_pow_to_python() -> None:
    names = _starred()
    wanted = "tensor zeros ones rand exp sigmoid_naive log sigmoid sum mean max var relu tanh reshape one_hot repeat "
    wanted += "unsqueeze squeeze transpose softmax"
    missing = [name for name in wanted.split() if name not in names]
    assert not missing
    assert not {"abs", "min", "pow", "np", "annotations"} & set(names)


def test_everything_listed_exists() -> None:
    for name in numpytorch.functions.__all__:
        assert callable(getattr(numpytorch.functions, name))


@pytest.mark.parametrize("name", ["sum", "max"])
@pytest.mark.parametrize(
    "args", [([1, 2],), (3, 5), ((1, 2),), (range(3),), ([Tensor(1.0)],), ((i for i in range(3)),)]
)
def test_what_was_meant_for_python_is_told_so(name: str, args: tuple[Any, ...]) -> None:
    hidden = _starred()[name]
    assert hidden is not getattr(builtins, name)
    text = rf"{name}: expected a Tensor or an array, got .*if you meant Python's, .*`import \*` hides.*builtins\.{name}"
    with pytest.raises(DtypeError, match=text):
        hidden(*args)


def test_arrays_and_tensors_are_reduced() -> None:
    names = _starred()
    assert names["sum"](np.ones(3)).item() == 3
    assert names["max"](Tensor([1.0, 5.0])).item() == 5
    assert names["mean"](np.float64(2)).item() == 2
