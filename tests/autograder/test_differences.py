"""Measured derivatives: as exact as the judge says, and where a gradient is wrong, it shows."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import differences
from autograder.checks.convolution import Conv2dCase, MaxPool2dCase
from autograder.checks.probe import INPUT, LayerCase
from autograder.sandbox import Array

CASES = (
    Conv2dCase(2, 3, 5, 4, f=2, k=3, padding=1),
    Conv2dCase(1, 2, 5, 7, f=3, k=2, stride=2),
    MaxPool2dCase(2, 1, 5, 7, k=3, stride=2),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_measured_gradient_agrees_with_the_formula_to_a_ten_millionth(case: LayerCase) -> None:
    rng = np.random.default_rng(3)
    inputs = case.sample(rng)
    parameters = {role: rng.standard_normal(shape) for role, shape in case.shapes.items()}
    upstream = tuple(rng.standard_normal(y.shape) for y in case.forward(inputs, parameters))
    formula = case.gradients(inputs, parameters, upstream)
    measured = LayerCase.gradients(case, inputs, parameters, upstream)
    assert set(measured) == set(formula)
    for name, dx in formula.items():
        assert np.abs(measured[name] - dx).max() <= 1e-7 * np.abs(dx).max(), name


def test_the_error_falls_with_the_fourth_power_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array([0.3, -0.7, 1.1])

    def error() -> float:
        return float(np.abs(differences.gradient(lambda v: float(np.exp(v).sum()), x) - np.exp(x)).max())

    monkeypatch.setattr(differences, "STEP", 0.4)
    long = error()
    monkeypatch.setattr(differences, "STEP", 0.2)
    assert 12 < long / error() < 20


def quartic(v: Array) -> float:
    return float((v**4).sum() + (v[:-1] * v[1:]).sum())


def slopes(v: Array) -> Array:
    dv = 4 * v**3
    dv[:-1] += v[1:]
    dv[1:] += v[:-1]
    return dv


@pytest.mark.parametrize("size", [7, 997])  # every entry measured, and directions first
@pytest.mark.parametrize("place", [0, 3, -1])
def test_one_entry_half_a_percent_off_is_found_and_named(size: int, place: int) -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(0.8, 1.2, size)
    right = slopes(x)
    assert differences.first_disagreement(quartic, x, right, rng) is None
    wrong = right.copy()
    wrong[place] *= 1.005
    found = differences.first_disagreement(quartic, x, wrong, rng)
    assert found is not None
    assert found.index == (place % size,)
    assert found.wrong == 1
    assert found.expected == pytest.approx(right[place], rel=1e-7)


def test_a_right_gradient_of_many_entries_is_not_measured_entry_by_entry() -> None:
    x, calls = np.linspace(0.5, 1.5, 997), 0

    def counted(v: Array) -> float:
        nonlocal calls
        calls += 1
        return quartic(v)

    assert differences.first_disagreement(counted, x, slopes(x), np.random.default_rng(0)) is None
    assert calls < 40


def test_a_case_needs_no_formula_for_its_gradients() -> None:
    class Square(LayerCase):
        cls = "Square"

        def sample(self, rng: np.random.Generator) -> dict[str, Array]:
            return {INPUT: rng.standard_normal((2, 3))}

        def forward(self, inputs: object, parameters: object) -> tuple[Array, ...]:
            assert isinstance(inputs, dict)
            return (inputs[INPUT] ** 2,)

    x, dy = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    np.testing.assert_allclose(Square().gradients({INPUT: x}, {}, (dy,))[INPUT], 2 * x, atol=1e-9)
