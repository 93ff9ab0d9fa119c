"""What is right is computed once for all hand-ins that are asked the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from autograder.checks.study import right_gradients

if TYPE_CHECKING:
    from autograder.checks.probe import Probe


class CountingCase:
    """The gradient of sum(x * w * dy), and how often it was asked for."""

    def __init__(self) -> None:
        self.times = 0

    def gradients(
        self, inputs: dict[str, Any], parameters: dict[str, Any], upstream: tuple[Any, ...]
    ) -> dict[str, Any]:
        self.times += 1
        return {"x": parameters["w"] * upstream[0], "w": inputs["x"] * upstream[0]}


class ScalarCase(CountingCase):
    """The same for a w of one number, whose gradient is what NumPy's `sum` returns: no array."""

    def gradients(
        self, inputs: dict[str, Any], parameters: dict[str, Any], upstream: tuple[Any, ...]
    ) -> dict[str, Any]:
        return {"w": (inputs["x"] * upstream[0]).sum()}


def test_a_right_gradient_may_be_a_number() -> None:
    x, w = np.array([1.0, 2.0]), np.array(3.0)
    probe = SimpleNamespace(case=ScalarCase(), inputs={"x": x}, parameters={"w": w})
    found = right_gradients(cast("Probe", probe), (np.array([10.0, 100.0]),))
    assert found["w"].shape == ()
    assert found["w"] == 210


def test_right_gradients_are_computed_once_for_the_same_values_and_again_for_others() -> None:
    case, rng = CountingCase(), np.random.default_rng(0)
    x, w, dy = (rng.standard_normal((2, 3)) for _ in range(3))

    def ask(x: Any, w: Any, dy: Any) -> dict[str, Any]:
        return right_gradients(cast("Probe", SimpleNamespace(case=case, inputs={"x": x}, parameters={"w": w})), (dy,))

    first = ask(x, w, dy)
    np.testing.assert_array_equal(first["x"], w * dy)
    assert ask(x.copy(), w.copy(), dy.copy()) is first
    assert case.times == 1
    for others in (
        (x + 1, w, dy),
        (x, w + 1, dy),
        (x, w, dy + 1),
        (x.reshape(3, 2), w.reshape(3, 2), dy.reshape(3, 2)),
    ):
        np.testing.assert_array_equal(ask(*others)["w"], others[0] * others[2])
    assert case.times == 5
    with pytest.raises(ValueError, match="read-only"):
        first["x"] += 1  # nobody changes what the next hand-in is held to
