"""What a report shows of arrays: the plane round the worst entry, never more than 16 x 16 numbers, always JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from autograder.checks.compare import first_mismatch
from autograder.checks.picture import around, filters, numbers


@pytest.mark.parametrize("shape", [(), (3,), (40,), (5, 7), (2, 3, 40, 5), (3, 2, 17, 31)])
def test_the_picture_holds_the_worst_entry_where_it_says(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    expected = rng.standard_normal(shape)
    for index in np.ndindex(shape):
        got = expected.copy()
        got[index] += 7
        shown = around(index, expected, got)
        row, column = ((0, 0, *index))[-2:] if len(shape) > 1 else (0, *(index or (0,)))
        here = shown["got"][row - shown["offset"][0]][column - shown["offset"][1]]
        assert here == pytest.approx(got[index], rel=1e-3)
        assert shown["at"] == list(index[:-2])
        assert len(shown["got"]) == min(16, (1, 1, *shape)[-2])
        assert all(len(line) == min(16, (1, *shape)[-1]) for line in shown["expected"])


def test_what_is_not_finite_is_text_so_that_any_reader_of_json_can_read_it() -> None:
    got = np.array([[1.23456789, np.nan], [np.inf, -np.inf]])
    found = first_mismatch(got, np.zeros((2, 2)))
    assert found is not None
    shown = json.loads(json.dumps(found.evidence(), allow_nan=False))["picture"]
    assert shown["got"] == [[1.235, "nan"], ["inf", "-inf"]]


def test_filters_are_those_of_the_first_channel_and_not_too_many() -> None:
    weight = np.arange(40.0 * 3 * 5 * 5).reshape(40, 3, 5, 5)
    planes = filters(weight)
    assert len(planes) == 32
    assert planes[31] == numbers(weight[31, 0])
    (plane,) = filters(np.zeros((50, 100)))
    assert (len(plane), len(plane[0])) == (32, 64)
