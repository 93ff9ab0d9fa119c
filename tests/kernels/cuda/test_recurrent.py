"""Recurrent layers on the device, or its simulator, against their formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import nn
from numpytorch.kernels import Kernels
from tests.kernels.recurrent import CELLS, Array, Case, backward, check, forward

CASES = [
    Case("rnn", n=3, steps=2, inputs=2, hidden=3, dtype="float32", lie="batch first"),
    Case("rnn", n=1, steps=1, inputs=1, hidden=9, lie="backwards"),  # more entries than threads
    Case("rnn", n=0, steps=2, inputs=1, hidden=2),
    Case("lstm", n=3, steps=2, inputs=1, hidden=2, dtype="float32", lie="in Fortran's order"),
    Case("lstm", n=1, steps=1, inputs=1, hidden=1, zeros=True),
    Case("gru", n=3, steps=2, inputs=1, hidden=2, dtype="float32", lie="two apart"),
    Case("gru", n=1, steps=1, inputs=1, hidden=1, zeros=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_layer_and_its_gradients_are_those_of_its_formula(kernels: Kernels, case: Case) -> None:
    check(kernels, case)


def on_host(array: Any) -> Array:
    values: Array = array.copy_to_host()
    return values


@pytest.mark.parametrize("cell", CELLS)
def test_what_comes_on_the_device_stays_there_whatever_its_strides(kernels: Kernels, cell: str) -> None:
    from numba import cuda

    class OnDevice(Case):
        def draw(self, *shape: int, at: int = 0) -> Any:
            wide = np.zeros((*shape[:-1], 2 * shape[-1]))
            wide[..., ::2] = super().draw(*shape, at=at)
            return cuda.to_device(wide)[..., ::2]

    case = Case(cell, n=2, steps=1, inputs=1, hidden=1)
    there = OnDevice(cell, n=2, steps=1, inputs=1, hidden=1)
    saved, expected = forward(kernels, there), forward(kernels, case)
    without, *found = backward(kernels, there, saved, with_dx=False)
    assert without is None
    values = [*expected, *backward(kernels, case, expected)[1:]]
    for array, value in zip([*saved, *found], values, strict=True):
        assert not isinstance(array, np.ndarray)
        np.testing.assert_array_equal(on_host(array), value)


def test_missing_numbers_stay_missing_and_large_ones_saturate(kernels: Kernels) -> None:
    for cell in CELLS:
        arguments = [a.copy() for a in replace(CASES[0], cell=cell).arguments()]
        arguments[0][0, 1], arguments[0][0, 2] = np.nan, 1e30
        y = getattr(kernels, cell)(*arguments)[0][1:3]
        assert np.isnan(y[:, 1]).all()
        assert np.isfinite(y[:, [0, 2]]).all()


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
def test_a_layer_learns_on_the_device_what_it_learns_with_numpy(kernels: Kernels, layer: Any) -> None:
    model, found = layer(1, 2), []
    for model.backend in ("numpy", kernels.name):
        x = npt.Tensor(Case("rnn", 2, 2, 1, 1).draw(2, 2, 1), requires_grad=True)
        model.zero_grad()
        y = model(x)[0]
        (y * y).sum().backward()
        found.append([y.arr, x.grad, *(p.grad for p in model.parameters())])
    for of_numpy, of_device in zip(*found, strict=True):
        np.testing.assert_allclose(of_device, of_numpy, rtol=0, atol=1e-12)
