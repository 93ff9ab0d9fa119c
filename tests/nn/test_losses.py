"""Losses: values, gradients, stability, reductions and misuse."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numpytorch as npt
from numpytorch import DtypeError, ShapeError, Tensor, nn
from numpytorch.autograd import gradcheck
from numpytorch.nn.loss import Reduction

from .tools import normal, torch

LABELS = np.array([0, 4, 1], np.uint8)
REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum", "none")


def log_loss(logits: Any, labels: Any) -> Any:
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels])


def test_cross_entropy_is_minus_the_log_of_the_labels_probability() -> None:
    x = normal(3, 5)
    expected = log_loss(x.arr, LABELS)
    np.testing.assert_allclose(nn.CrossEntropyLoss()(x, LABELS).arr, expected.mean(), rtol=1e-12)
    np.testing.assert_allclose(nn.CrossEntropyLoss("sum")(x, LABELS).arr, expected.sum(), rtol=1e-12)
    np.testing.assert_allclose(nn.CrossEntropyLoss("none")(x, LABELS).arr, expected, rtol=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_gradients_of_losses_are_right(reduction: Reduction) -> None:
    x, target = normal(3, 5), normal(3, 5, seed=1)
    assert gradcheck(lambda x: nn.CrossEntropyLoss(reduction)(x, LABELS), [x])
    result = gradcheck(nn.MSELoss(reduction), [x, target])
    assert result
    assert result.checked == 30


def test_the_gradient_of_cross_entropy_is_softmax_minus_one_hot() -> None:
    x = normal(3, 5)
    nn.CrossEntropyLoss()(x, LABELS).backward()
    p = np.exp(x.arr) / np.exp(x.arr).sum(axis=1, keepdims=True)
    p[np.arange(3), LABELS] -= 1
    assert x.grad is not None
    np.testing.assert_allclose(x.grad, p / 3, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_is_exact_for_logits_of_a_thousand(dtype: Any) -> None:
    x = Tensor(np.array([[1000, -1000, 0], [-1000, 1000, 0]], dtype), requires_grad=True)
    loss = nn.CrossEntropyLoss("none")(x, np.array([0, 0]))
    loss.sum().backward()
    np.testing.assert_array_equal(loss.arr, [0, 2000])
    np.testing.assert_array_equal(x.grad, np.array([[0, 0, 0], [-1, 1, 0]], dtype), strict=True)


def test_labels_that_change_before_backward_change_no_gradient() -> None:
    x, y, labels = normal(3, 5), normal(3, 5), LABELS.copy()
    nn.CrossEntropyLoss()(x, LABELS).backward()
    loss = nn.CrossEntropyLoss()(y, labels)
    labels[:] = 2
    loss.backward()
    np.testing.assert_array_equal(y.grad, x.grad)


@given(shift=st.floats(-1e6, 1e6), seed=st.integers(0, 99))
def test_cross_entropy_does_not_change_when_all_logits_of_a_sample_do(shift: float, seed: int) -> None:
    x = normal(3, 5, seed=seed).arr
    loss = nn.CrossEntropyLoss()
    assert loss(Tensor(x + shift), LABELS).item() == pytest.approx(loss(Tensor(x), LABELS).item(), abs=1e-8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("wrap", [Tensor, np.asarray])
def test_labels_may_be_of_any_integer_type_as_tensor_or_array(dtype: Any, wrap: Any) -> None:
    x = normal(3, 5)
    labels = wrap(LABELS.astype(dtype))
    assert nn.CrossEntropyLoss()(x, labels).item() == nn.CrossEntropyLoss()(x, LABELS).item()


def test_float32_stays_float32_in_losses_and_gradients() -> None:
    for loss in (
        nn.CrossEntropyLoss()(a := normal(3, 5, dtype=np.float32), LABELS),
        nn.MSELoss()(b := normal(3, 5, dtype=np.float32), normal(3, 5, dtype=np.float32, seed=1)),
    ):
        loss.backward()
        assert loss.dtype == np.float32
    assert a.grad is not None
    assert b.grad is not None
    assert a.grad.dtype == b.grad.dtype == np.float32


@pytest.mark.parametrize(("bad", "text"), [([0, 5, 1], "got 0 to 5"), ([0, -1, 1], "got -1 to 1")])
def test_a_label_out_of_range_is_refused(bad: list[int], text: str) -> None:
    with pytest.raises(ShapeError) as error:
        nn.CrossEntropyLoss()(normal(3, 5), np.array(bad))
    assert str(error.value) == f"CrossEntropyLoss: expected labels from 0 to 4, for logits (3, 5), {text}."


@pytest.mark.parametrize("labels", [np.eye(5)[LABELS], LABELS.astype(float), LABELS > 0])
def test_labels_that_are_no_class_numbers_are_refused_with_what_to_do(labels: Any) -> None:
    with pytest.raises(DtypeError) as error:
        nn.CrossEntropyLoss()(normal(3, 5), labels)
    assert str(error.value) == (
        f"CrossEntropyLoss: expected integer labels of shape (N,), got {labels.dtype} of shape {labels.shape}. "
        "Pass class numbers, not one-hot rows: labels.argmax(-1) turns rows into numbers."
    )


@pytest.mark.parametrize(("logits", "labels"), [((3, 5), (3, 1)), ((3, 5), (2,)), ((3, 2, 5), (3,)), ((5,), (5,))])
def test_shapes_that_do_not_fit_are_refused(logits: tuple[int, ...], labels: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as error:
        nn.CrossEntropyLoss()(normal(*logits), np.zeros(labels, int))
    expected = f"CrossEntropyLoss: expected logits (N, C) and labels (N,), got {logits} and {labels}."
    assert str(error.value).startswith(expected)


def test_an_empty_batch_adds_up_to_0() -> None:
    assert nn.CrossEntropyLoss("sum")(npt.zeros(0, 5), np.zeros(0, int)).item() == 0


def test_mse_is_the_mean_of_squared_differences() -> None:
    a, b = normal(3, 5), normal(3, 5, seed=1)
    squares = (a.arr - b.arr) ** 2
    np.testing.assert_allclose(nn.MSELoss()(a, b).arr, squares.mean(), rtol=1e-12)
    np.testing.assert_allclose(nn.MSELoss("sum")(a, b.arr).arr, squares.sum(), rtol=1e-12)
    np.testing.assert_allclose(nn.MSELoss("none")(a, b.arr.tolist()).arr, squares, rtol=1e-12)


@pytest.mark.parametrize("target", [(3,), (3, 1), (5, 3), ()])
def test_mse_refuses_shapes_that_would_broadcast(target: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as error:
        nn.MSELoss()(normal(3, 5), npt.zeros(target))
    assert str(error.value) == f"MSELoss: expected prediction and target of one shape, got (3, 5) and {target}."


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.MSELoss])
def test_an_unknown_reduction_is_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match=f"{loss.__name__}: expected reduction 'mean', 'sum' or 'none', got 'avg'"):
        loss("avg")


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_losses_agree_with_pytorch(reduction: Reduction, scale: float) -> None:
    t = torch()
    target = normal(7, 5, seed=1).arr
    labels = np.arange(7) % 5
    for name, against in (("CrossEntropyLoss", labels), ("MSELoss", target)):
        x = Tensor(normal(7, 5).arr * scale, requires_grad=True)
        tx = t.tensor(x.arr, requires_grad=True)
        y = getattr(nn, name)(reduction=reduction)(x, against)
        ty = getattr(t.nn, name)(reduction=reduction)(tx, t.tensor(against))
        upstream = np.random.default_rng(3).standard_normal(y.shape)
        y.backward(upstream)
        ty.backward(t.tensor(upstream))
        np.testing.assert_allclose(y.arr, ty.detach().numpy(), rtol=1e-10)
        assert x.grad is not None
        np.testing.assert_allclose(x.grad, tx.grad.numpy(), rtol=1e-10, atol=1e-14)
