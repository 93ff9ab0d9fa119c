"""Layers: values by their definition, gradients by gradcheck, dtypes, extremes and misuse."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numpytorch as npt
from numpytorch import DtypeError, ShapeError, Tensor, nn
from numpytorch.autograd import gradcheck

from .tools import Array, assert_gradients_right, normal, to_float32, torch

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Linear": (lambda: nn.Linear(5, 3), (2, 5)),
    "Linear without bias": (lambda: nn.Linear(5, 3, bias=False), (2, 5)),
    "Linear on more axes": (lambda: nn.Linear(5, 3), (2, 3, 5)),
    "Linear on one sample": (lambda: nn.Linear(5, 3), (5,)),
    "ReLU": (nn.ReLU, (3, 7)),
    "Sigmoid": (nn.Sigmoid, (3, 7)),
    "Tanh": (nn.Tanh, (3, 7)),
    "Flatten": (nn.Flatten, (2, 3, 5)),
    "LayerNorm": (lambda: nn.LayerNorm(5), (3, 5)),
    "LayerNorm over two axes": (lambda: nn.LayerNorm((3, 5)), (2, 3, 5)),
    "Dropout in evaluation": (lambda: nn.Dropout(0.4).eval(), (3, 7)),
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    np.random.seed(0)


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradients_of_a_layer_are_right(name: str) -> None:
    make, shape = LAYERS[name]
    module = make()
    for p in module.parameters():
        p.arr = np.random.standard_normal(p.shape)
    assert_gradients_right(module, normal(*shape))


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32_in_a_layer_and_in_its_gradients(name: str) -> None:
    make, shape = LAYERS[name]
    module = make()
    to_float32(module)
    x = normal(*shape, dtype=np.float32)
    y = module(x)
    y.sum().backward()
    assert y.dtype == np.float32
    for t in (x, *module.parameters()):
        assert t.grad is not None
        assert t.grad.dtype == np.float32


def test_linear_is_x_w_plus_b() -> None:
    layer = nn.Linear(5, 3)
    assert layer.b is not None
    assert layer.w.shape == (5, 3)
    np.testing.assert_array_equal(layer.b.arr, np.zeros(3), strict=True)
    layer.b.arr = np.array([1.0, 2.0, 3.0])
    x = normal(2, 7, 5)
    np.testing.assert_allclose(layer(x).arr, x.arr @ layer.w.arr + [1, 2, 3], rtol=1e-12)


def test_linear_draws_its_weight_as_parameter_new_does() -> None:
    np.random.seed(3)
    layer = nn.Linear(5, 3)
    np.random.seed(3)
    np.testing.assert_array_equal(layer.w.arr, nn.Parameter.new(5, 3).arr)


def test_linear_without_bias_has_none() -> None:
    layer = nn.Linear(5, 3, bias=False)
    assert layer.b is None
    assert layer.parameters() == [layer.w]
    assert repr(layer) == "Linear(w=(5, 3))"


def test_linear_takes_an_empty_batch() -> None:
    y = nn.Linear(5, 3)(npt.zeros(0, 5))
    y.sum().backward()
    assert y.shape == (0, 3)


@pytest.mark.parametrize("shape", [(2, 4), (5, 2), (2, 1, 28), ()])
def test_linear_refuses_a_wrong_last_axis_with_what_to_do(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as error:
        nn.Linear(5, 3)(npt.zeros(shape))
    assert str(error.value) == (
        f"Linear: expected x with a last axis of length d_in=5, got shape {shape}. "
        "Flatten images with x.reshape(len(x), -1), or create Linear with that d_in."
    )


def test_activations_are_what_their_names_say() -> None:
    x = normal(3, 7)
    np.testing.assert_array_equal(nn.ReLU()(x).arr, np.maximum(x.arr, 0))
    np.testing.assert_allclose(nn.Sigmoid()(x).arr, 1 / (1 + np.exp(-x.arr)), rtol=1e-14)
    np.testing.assert_array_equal(nn.Tanh()(x).arr, np.tanh(x.arr))
    assert nn.relu is npt.relu


def test_activations_are_stable_at_a_thousand() -> None:
    for module, expected in ((nn.ReLU(), [0, 1000]), (nn.Sigmoid(), [0, 1]), (nn.Tanh(), [-1, 1])):
        x = Tensor([-1000.0, 1000.0], requires_grad=True)
        y = module(x)
        y.sum().backward()
        np.testing.assert_array_equal(y.arr, expected)
        assert x.grad is not None
        np.testing.assert_array_equal(x.grad, [0, 1] if isinstance(module, nn.ReLU) else [0, 0])


def test_relu_passes_no_gradient_at_0() -> None:
    x = Tensor([0.0, -0.0], requires_grad=True)
    nn.ReLU()(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_flatten_joins_all_axes_but_the_first_in_row_major_order(shape: list[int]) -> None:
    x = npt.zeros(tuple(shape))
    x.arr = np.arange(x.size, dtype=float).reshape(shape)
    y = nn.Flatten()(x)
    assert y.shape == (shape[0], int(np.prod(shape[1:])))
    np.testing.assert_array_equal(y.arr.ravel(), np.arange(x.size))


def test_dropout_sets_a_share_p_to_0_and_scales_up_the_rest() -> None:
    x = npt.ones(100, 100)
    y = nn.Dropout(0.3)(x).arr
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.7], rtol=1e-15)
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.025)  # 5 standard deviations
    assert y.mean() == pytest.approx(1, abs=0.035)


def test_dropout_drops_the_same_entries_of_the_gradient() -> None:
    x = normal(3, 7)
    y = nn.Dropout(0.5)(x)
    upstream = np.random.standard_normal(y.shape)
    y.backward(upstream)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad, upstream * (y.arr / x.arr), rtol=1e-12)


def test_dropout_draws_anew_at_each_call_and_follows_the_seed_of_numpy() -> None:
    dropout, x = nn.Dropout(), npt.ones(50)
    np.random.seed(1)
    first, second = dropout(x).arr, dropout(x).arr
    assert not np.array_equal(first, second)
    np.random.seed(1)
    np.testing.assert_array_equal(dropout(x).arr, first)


def test_dropout_keeps_float32() -> None:
    x = normal(3, 7, dtype=np.float32)
    y = nn.Dropout(0.3)(x)
    y.sum().backward()
    assert x.grad is not None
    assert y.dtype == x.grad.dtype == np.float32


def test_dropout_in_evaluation_or_with_p_0_is_the_identity() -> None:
    x = normal(3, 7)
    assert nn.Dropout(0.9).eval()(x) is x
    assert nn.Dropout(0.0)(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, np.nan])
def test_dropout_refuses_what_is_no_probability_below_1(p: float) -> None:
    with pytest.raises(ValueError, match=f"Dropout: expected 0 <= p < 1, got p={p}"):
        nn.Dropout(p)


def test_layer_norm_gives_each_sample_mean_0_and_variance_1() -> None:
    y = nn.LayerNorm(31)(Tensor(normal(5, 31).arr * 7 + 100)).arr
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=-1), 1, rtol=1e-5)


def test_layer_norm_applies_its_weight_and_bias() -> None:
    layer = nn.LayerNorm((3, 5), eps=0.1)
    np.testing.assert_array_equal(layer.w.arr, np.ones((3, 5)))
    np.testing.assert_array_equal(layer.b.arr, np.zeros((3, 5)))
    layer.w.arr, layer.b.arr = normal(3, 5, seed=1).arr, normal(3, 5, seed=2).arr
    x = normal(2, 3, 5).arr
    mean, var = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    expected = (x - mean) / np.sqrt(var + 0.1) * layer.w.arr + layer.b.arr
    np.testing.assert_allclose(layer(Tensor(x)).arr, expected, rtol=1e-12)


@pytest.mark.parametrize("x", [np.full((2, 5), 3.0), np.full((2, 5), 1e150), np.zeros((2, 5))])
def test_layer_norm_of_equal_entries_is_0_with_a_finite_gradient(x: Array) -> None:
    t = Tensor(x, requires_grad=True)
    y = nn.LayerNorm(5)(t)
    y.sum().backward()
    np.testing.assert_array_equal(y.arr, np.zeros((2, 5)))
    assert t.grad is not None
    assert np.isfinite(t.grad).all()


def test_layer_norm_refuses_other_last_axes() -> None:
    with pytest.raises(ShapeError, match=r"LayerNorm: expected x with last axes \(3, 5\), got shape \(5, 3\)"):
        nn.LayerNorm((3, 5))(npt.zeros(5, 3))


def test_embedding_looks_up_rows_and_adds_up_the_gradients_of_repeated_ones() -> None:
    layer = nn.Embedding(5, 3)
    ids = np.array([[4, 0, 4], [1, 4, 0]])
    upstream = np.random.standard_normal((2, 3, 3))
    y = layer(Tensor(ids))
    y.backward(upstream)
    np.testing.assert_array_equal(y.arr, layer.w.arr[ids])
    expected = np.zeros((5, 3))
    for id_, dy in zip(ids.ravel(), upstream.reshape(6, 3), strict=True):
        expected[id_] += dy
    assert layer.w.grad is not None
    np.testing.assert_allclose(layer.w.grad, expected, rtol=1e-12)
    assert gradcheck(lambda _: layer(ids), [layer.w])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_embedding_takes_ids_of_any_integer_type_and_shape(dtype: Any) -> None:
    layer = nn.Embedding(5, 3)
    assert layer(np.array([4, 0], dtype)).shape == (2, 3)
    assert layer(np.array(4, dtype)).shape == (3,)
    assert layer(np.zeros((2, 0), dtype)).shape == (2, 0, 3)


def test_embedding_draws_from_the_standard_normal_distribution() -> None:
    w = nn.Embedding(101, 97).w
    assert w.requires_grad
    assert w.arr.mean() == pytest.approx(0, abs=0.05)
    assert w.arr.std() == pytest.approx(1, abs=0.04)


def test_embedding_refuses_ids_out_of_range_and_fractions() -> None:
    layer = nn.Embedding(5, 3)
    for bad in ([0, 5], [-1, 0]):
        with pytest.raises(ShapeError, match=f"Embedding: expected ids from 0 to 4, got {bad[0]} to {bad[1]}"):
            layer(np.array(bad))
    with pytest.raises(DtypeError, match="Embedding: expected integer ids, got float64"):
        layer(np.array([0.0]))


@pytest.mark.parametrize("name", [n for n in LAYERS if n != "Dropout in evaluation"])
def test_a_layer_agrees_with_pytorch(name: str) -> None:
    t = torch()
    make, shape = LAYERS[name]
    module = make()
    for p in module.parameters():
        p.arr = np.random.standard_normal(p.shape)
    x = normal(*shape)
    kind = type(module).__name__
    if isinstance(module, nn.Linear):
        twin = t.nn.Linear(5, 3, bias=module.b is not None, dtype=t.float64)
    elif isinstance(module, nn.LayerNorm):
        twin = t.nn.LayerNorm(module.shape, dtype=t.float64)
    else:
        twin = getattr(t.nn, kind)()
    values = [p.arr.T if kind == "Linear" else p.arr for p in module.parameters()]
    for p, v in zip(twin.parameters(), values, strict=True):
        p.data = t.tensor(v)
    tx = t.tensor(x.arr, requires_grad=True)
    y, ty = module(x), twin(tx)
    upstream = np.random.standard_normal(y.shape)
    y.backward(upstream)
    ty.backward(t.tensor(upstream))
    np.testing.assert_allclose(y.arr, ty.detach().numpy(), rtol=1e-10, atol=1e-12)
    for ours, theirs in zip((x, *module.parameters()), (tx, *twin.parameters()), strict=True):
        assert ours.grad is not None
        gradient = ours.grad.T if kind == "Linear" and ours is not x else ours.grad
        np.testing.assert_allclose(gradient, theirs.grad.numpy(), rtol=1e-10, atol=1e-12)
