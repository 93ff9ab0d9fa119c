"""The recurrent kernels of every backend of the CPU against one slow reference, over shapes that Hypothesis draws."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from numpytorch.kernels import Kernels, kernels_of

from .recurrent import CELLS, Case, backward, cases, check, forward


@pytest.fixture(params=["numpy", "numba"], scope="module")
def kernels(request: pytest.FixtureRequest) -> Kernels:
    if request.param == "numba":
        pytest.importorskip("numba", exc_type=ImportError)
    return kernels_of(request.param)


@given(cases())
def test_a_layer_and_its_gradients_are_those_of_its_formula(kernels: Kernels, case: Case) -> None:
    if kernels.name == "numba" and os.environ.get("HYPOTHESIS_PROFILE", "quick") == "quick":
        case = replace(case, dtype="float32")  # Numba compiles for each dtype, which takes seconds
    check(kernels, case)


@pytest.mark.parametrize("cell", CELLS)
def test_saturated_and_missing_numbers_come_out_as_they_do_of_the_formula(kernels: Kernels, cell: str) -> None:
    case = Case(cell, n=5, steps=3, inputs=2, hidden=3, dtype="float32")
    arguments = [a.copy() for a in case.arguments()]
    x = arguments[0]
    x[0, 1], x[1, 2], x[0, 3], x[1, 4, 0] = 1e4, -1e30, np.inf, np.nan
    with np.errstate(all="ignore"):
        y = getattr(kernels, cell)(*arguments)[0][1:]
        expected = CELLS[cell](*arguments)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5)
    assert np.isfinite(y[:, :3]).all()
    assert np.isnan(y[1:, 4]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_no_argument_and_nothing_that_was_saved_is_changed(kernels: Kernels, cell: str) -> None:
    case = Case(cell, n=2, steps=3, inputs=2, hidden=3, dtype="float32")
    saved = forward(kernels, case)  # its arguments cannot be written to
    before = [a.copy() for a in saved]
    first, second = backward(kernels, case, saved), backward(kernels, case, saved)
    assert backward(kernels, case, saved, with_dx=False)[0] is None
    for a, b in zip([*saved, *first], [*before, *second], strict=True):
        assert a is not None
        assert b is not None
        np.testing.assert_array_equal(a, b)
