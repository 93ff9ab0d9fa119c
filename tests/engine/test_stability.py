"""Values of +-1000 overflow nowhere, and true gradients are not clipped."""

from __future__ import annotations

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import Tensor, nn
from tests.engine.tools import grad_of, leaf


def test_sigmoid_saturates_without_overflow() -> None:
    x = leaf(-1000, -40, 0, 40, 1000)
    y = npt.sigmoid(x)
    np.testing.assert_allclose(y.arr, [0, np.exp(-40), 0.5, 1, 1], rtol=1e-15)
    y.sum().backward()
    np.testing.assert_allclose(grad_of(x), [0, np.exp(-40), 0.25, 0, 0], rtol=1e-15, atol=1e-17)


def test_softmax_and_log_softmax_saturate_without_overflow() -> None:
    x = Tensor(np.array([[-1000.0, 0.0, 1000.0], [1000.0, 1000.0, -1000.0]]), requires_grad=True)
    np.testing.assert_array_equal(npt.softmax(x).arr, [[0, 0, 1], [0.5, 0.5, 0]])
    y = npt.log_softmax(x)
    half = float(np.log(2))
    np.testing.assert_allclose(y.arr, np.array([[-2000.0, -1000.0, 0.0], [-half, -half, -2000 - half]]))
    y[:, 0].sum().backward()
    np.testing.assert_allclose(grad_of(x), np.array([[1, 0, -1], [0.5, -0.5, 0]]))


def test_logsumexp_does_not_overflow() -> None:
    x = leaf(-1000, 1000, 1000)
    y = npt.logsumexp(x)
    assert y.item() == pytest.approx(1000 + np.log(2), rel=1e-15)
    y.backward()
    np.testing.assert_allclose(grad_of(x), [0, 0.5, 0.5])
    assert npt.logsumexp(leaf(-np.inf, -np.inf)).item() == -np.inf
    assert npt.logsumexp(leaf(np.inf, 0)).item() == np.inf


def test_cross_entropy_at_wrong_and_certain_logits_has_the_true_gradient() -> None:
    x = Tensor(np.array([[1000.0, -1000.0], [1000.0, -1000.0]]), requires_grad=True)
    loss = nn.CrossEntropyLoss()(x, npt.tensor(np.array([1, 0])))
    assert loss.item() == 1000
    loss.backward()
    np.testing.assert_array_equal(grad_of(x), [[0.5, -0.5], [0, 0]])


def test_tanh_saturates_without_overflow() -> None:
    x = leaf(-1000, 1000)
    npt.tanh(x).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [0, 0])


def test_large_gradients_are_not_clipped() -> None:
    x = leaf(1e-8)
    npt.log(x).sum().backward()
    np.testing.assert_allclose(grad_of(x), [1e8])
    y = leaf(100)
    npt.exp(y).sum().backward()
    np.testing.assert_allclose(grad_of(y), np.exp([100]))


def test_powers_at_zero_are_flat_where_they_are_constant() -> None:
    x, n = leaf(0, 0, 2), np.array([0.0, 2.0, 0.0])
    (x**n).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [0, 0, 0])
    y = leaf(0, 3)
    (y**0 + y**1).sum().backward()
    np.testing.assert_array_equal(grad_of(y), [1, 1])
    b = leaf(1, 2)
    (np.zeros(2) ** b).sum().backward()
    np.testing.assert_array_equal(grad_of(b), [0, 0])


def test_naive_sigmoid_overflows_as_its_name_says() -> None:
    with pytest.warns(RuntimeWarning, match="overflow"):
        npt.sigmoid_naive(leaf(-1000))


def test_variance_of_equal_entries_has_no_nan() -> None:
    x = leaf(2, 2, 2)
    npt.std(x).backward()
    npt.var(x).backward()
    np.testing.assert_array_equal(grad_of(x), [0, 0, 0])
