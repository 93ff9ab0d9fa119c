"""A diagnosis is said only where the evidence fits: what it must not say."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks.diagnosis import factor_of

EXPECTED = np.array([[3.0, -1.0, 0.5], [2.0, 4.0, -0.25]])


@pytest.mark.parametrize("factor", [2.0, -1.0, 0.2, 1e-7, 3e5])
def test_a_multiple_is_told_by_its_factor(factor: float) -> None:
    assert factor_of(factor * EXPECTED, EXPECTED) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("noise", [0.0, 1e-17])
def test_zeros_are_told_from_a_multiple(noise: float) -> None:
    assert factor_of(noise * np.ones_like(EXPECTED), EXPECTED) == 0


def test_what_is_small_beside_the_right_values_is_no_multiple_of_them_for_that() -> None:
    """Within the tolerance that the largest right entry gets, everything small is nearly nothing times it."""
    assert factor_of(np.array([100.0, 3.0, -7.0]), np.array([1e12, 3.0, -7.0])) is None
    assert factor_of(np.array([-20.0, 8.0, 13.0]), np.array([1e8, 2e8, -3e8])) is None
