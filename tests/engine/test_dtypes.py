"""A dtype is kept unless the user mixes it with a wider one, and integers have no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, Tensor, nn
from numpytorch.autograd import grad
from tests.engine.tools import grad_of


def single(*shape: int) -> Tensor:
    values = np.random.default_rng(0).uniform(0.5, 2, shape).astype(np.float32)
    return Tensor(values, requires_grad=True)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.bool_])
def test_integers_and_bools_cannot_require_gradients(kind: Any) -> None:
    values = np.array([1, 0], kind)
    with pytest.raises(DtypeError, match=r"requires_grad: expected floating-point values, got .* Write 1\.0 for 1"):
        Tensor(values, requires_grad=True)
    x = Tensor(values)
    with pytest.raises(DtypeError, match="integers have no gradient"):
        x.requires_grad = True
    with pytest.raises(DtypeError):
        nn.Parameter(values)


def test_a_tracked_result_cannot_be_made_integer() -> None:
    with pytest.raises(DtypeError, match="integers have no gradient"):
        single(3).astype(np.int64)
    assert single(3).detach().astype(np.int64).dtype == np.int64


def test_a_parameter_cannot_become_integer() -> None:
    x = single(2)
    with pytest.raises(DtypeError):
        x.arr = np.array([1, 2])
    assert x.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_of_an_array_is_kept(dtype: Any) -> None:
    x = Tensor(np.ones(3, dtype), requires_grad=True)
    loss = ((x * 2 + 1) / 3 - x).mean()
    loss.backward()
    assert loss.dtype == dtype
    assert grad_of(x).dtype == dtype


def test_losses_keep_float32() -> None:
    logits, target = single(5, 3), single(5, 3)
    labels = npt.tensor(np.array([0, 2, 1, 1, 0]))
    for loss in (nn.CrossEntropyLoss()(logits, labels), ((logits - target) ** 2).mean(), npt.logsumexp(logits)):
        assert loss.dtype == np.float32
        loss.backward()
        assert grad_of(logits).dtype == np.float32


def test_a_float64_upstream_gradient_is_cast() -> None:
    x = single(3)
    (x * x).backward(np.ones(3))
    assert grad_of(x).dtype == np.float32


def test_of_two_dtypes_each_gets_its_own_gradient() -> None:
    x, w = single(3), Tensor(np.ones(3), requires_grad=True)
    y = x * w + x
    assert y.dtype == np.float64
    y.sum().backward()
    assert grad_of(x).dtype == np.float32
    assert grad_of(w).dtype == np.float64
    dx, dw = grad((x * w).sum(), [x, w], create_graph=True)
    assert (dx.dtype, dw.dtype) == (np.float32, np.float64)


def test_a_float64_array_wins_over_float32_as_in_numpy() -> None:
    assert (single(3) * np.ones(3)).dtype == np.float64


def test_casting_gives_the_gradient_in_the_old_dtype() -> None:
    x = single(3)
    x.astype(np.float64).sum().backward()
    assert grad_of(x).dtype == np.float32


def test_comparing_a_float32_with_a_number_takes_the_number_as_float32() -> None:
    x = Tensor(np.array([0.1, 0.5], np.float32))
    np.testing.assert_array_equal(x == 0.1, [True, False])
    np.testing.assert_array_equal(x >= 0.1, [True, True])


def test_an_assigned_gradient_takes_the_dtype_of_its_tensor() -> None:
    x = single(2)
    x.grad = np.ones(2)
    assert grad_of(x).dtype == np.float32


def test_integer_tensors_compute_as_in_numpy() -> None:
    n = npt.tensor([3, 4])
    assert (n + 1).dtype == np.int64
    assert (n / 2).dtype == np.float64
    assert (n * 2.5).dtype == np.float64
    w = single(2)
    (w * n.astype(np.float32)).sum().backward()
    np.testing.assert_array_equal(grad_of(w), [3, 4])


@pytest.mark.parametrize("bad", ["text", [1, "a"], [None], 1j, object()])
def test_what_is_no_number_is_refused(bad: Any) -> None:
    with pytest.raises(DtypeError, match="Tensor: expected real numbers"):
        Tensor(bad)
    with pytest.raises(DtypeError, match="expected"):
        single(1) + bad


def test_python_floats_take_the_default_dtype() -> None:
    assert Tensor(1.5).dtype == Tensor([1.0, 2.0]).dtype == np.float64
    npt.set_default_dtype(np.float32)
    try:
        assert Tensor(1.5).dtype == Tensor([1.0, 2.0]).dtype == npt.zeros(2).dtype == np.float32
        assert Tensor(np.ones(2)).dtype == np.float64
        assert Tensor([1, 2]).dtype == np.int64
    finally:
        npt.set_default_dtype(np.float64)
    with pytest.raises(DtypeError, match="floating-point dtype"):
        npt.set_default_dtype(np.int64)
