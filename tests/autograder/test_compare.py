"""Arrays are compared entry by entry, and what is not finite is never right."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks.compare import first_mismatch


def test_equal_arrays_agree() -> None:
    x = np.random.default_rng(0).standard_normal((3, 5))
    assert first_mismatch(x, x.copy()) is None
    assert first_mismatch(x * (1 + 1e-9), x) is None


def test_the_worst_entry_is_named_with_both_values() -> None:
    expected = np.arange(6.0).reshape(2, 3)
    got = expected.copy()
    got[0, 1], got[1, 2] = 1.5, 7.25
    found = first_mismatch(got, expected)
    assert found is not None
    assert (found.index, found.expected, found.got, found.wrong, found.size) == ((1, 2), 5.0, 7.25, 2, 6)
    assert "2 of 6 entries are wrong. The worst, at [1, 2]: expected 5.0, got 7.25" in found.told()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_wrong(bad: float) -> None:
    expected = np.ones(4)
    got = expected.copy()
    got[2] = bad
    found = first_mismatch(got, expected)
    assert found is not None
    assert found.index == (2,)
    assert isinstance(found.evidence()["got"], str)


def test_one_entry_half_a_percent_off_is_wrong() -> None:
    expected = np.random.default_rng(1).standard_normal(100)
    got = expected.copy()
    got[17] *= 1.005
    assert first_mismatch(got, expected) is not None


def test_float32_gets_the_tolerance_of_float32() -> None:
    expected = np.random.default_rng(2).standard_normal(100)
    rounded = expected.astype(np.float32)
    assert first_mismatch(rounded, expected) is None
    assert first_mismatch(rounded * np.float32(1.005), expected) is not None
    assert first_mismatch(rounded.astype(np.float64), expected, rounded=True) is None
    assert first_mismatch(expected * (1 + 1e-5), expected) is not None


def test_integers_and_bools_that_are_right_agree() -> None:
    assert first_mismatch(np.array([1, 2]), np.array([1.0, 2.0])) is None
