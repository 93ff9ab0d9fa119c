"""Recurrent layers: values and gradients, against their formulas, finite differences and PyTorch.

Long, for the three layers are parameters of the same tests, whose formulas come first.
"""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpytorch as npt
from numpytorch import ShapeError, Tensor, nn
from numpytorch.autograd import grad, gradcheck
from numpytorch.kernels import kernels_of
from numpytorch.nn.recurrent.lstm import lstm
from numpytorch.nn.recurrent.rnn import RNNGradFn
from tests.nn.tools import Array, normal, torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch.nn.recurrent.sequence import Recurrent

LAYERS: dict[str, Callable[[int, int], Recurrent]] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
each_layer = pytest.mark.parametrize("name", LAYERS)


def make(name: str, d: int, h: int, dtype: Any = np.float64) -> Recurrent:
    """Make a layer whose parameters are all random, biases too."""
    layer = LAYERS[name](d, h)
    for i, p in enumerate(layer.parameters()):
        p.arr = np.random.default_rng(100 + i).standard_normal(p.shape).astype(dtype)
    return layer


def states_for(name: str, n: int, h: int, dtype: Any = np.float64) -> list[Tensor]:
    """Draw what a layer may begin with: one state, or two of an LSTM."""
    return [normal(n, h, seed=seed, dtype=dtype) for seed in range(2 if name == "LSTM" else 1)]


def run(layer: Any, x: Tensor, states: list[Tensor] | None) -> tuple[Tensor, ...]:
    """Return the outputs, and the last state or states."""
    given: Any = None if states is None else tuple(states) if isinstance(layer, nn.LSTM) else states[0]
    outputs, last = layer(x, given)
    return (outputs, *last) if isinstance(layer, nn.LSTM) else (outputs, last)


def unrolled(layer: Any, x: Tensor, states: list[Tensor]) -> tuple[Tensor, ...]:
    """Compute the same step by step, by the formulas in the docstrings, in operations on Tensors."""
    h, size = states[0], layer.hidden_size
    c = states[-1]
    outputs = []
    for t in range(x.shape[1]):
        from_x, from_h = x[:, t] @ layer.w_x + layer.b, h @ layer.w_h
        if isinstance(layer, nn.RNN):
            h = npt.tanh(from_x + from_h)
        elif isinstance(layer, nn.LSTM):
            i, f, g, o = (((from_x + from_h)[:, k * size : (k + 1) * size]) for k in range(4))
            c = npt.sigmoid(f) * c + npt.sigmoid(i) * npt.tanh(g)
            h = npt.sigmoid(o) * npt.tanh(c)
        else:
            r, z = (npt.sigmoid((from_x + from_h)[:, k * size : (k + 1) * size]) for k in range(2))
            new = npt.tanh(from_x[:, 2 * size :] + r * (from_h[:, 2 * size :] + layer.b_n))
            h = (1 - z) * new + z * h
        outputs.append(h)
    y = npt.stack(outputs, axis=1)
    return (y, h, c) if isinstance(layer, nn.LSTM) else (y, h)


def gradients(f: Callable[..., tuple[Tensor, ...]], layer: Any, x: Tensor, states: list[Tensor]) -> list[Array]:
    """Pull random upstream gradients back through all results; return the values, then all gradients."""
    wanted = [x, *states, *layer.parameters()]
    for t in wanted:
        t.grad = None
    results = f(layer, x, states)
    loss = Tensor(np.zeros((), x.dtype))
    for i, y in enumerate(results):
        loss = loss + (y * normal(*y.shape, seed=50 + i, dtype=x.dtype, requires_grad=False)).sum()
    loss.backward()
    return [*(y.arr for y in results), *(t.grad for t in wanted if t.grad is not None)]


def assert_same(got: list[Array], expected: list[Array], rtol: float = 1e-11) -> None:
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * (1 + np.abs(b).max(initial=0)), strict=True)


@each_layer
@settings(max_examples=12)
@given(n=st.integers(0, 3), t=st.integers(1, 5), d=st.integers(1, 4), h=st.integers(1, 4))
def test_a_layer_is_what_its_formula_says(name: str, n: int, t: int, d: int, h: int) -> None:
    layer, x, states = make(name, d, h), normal(n, t, d, seed=7), states_for(name, n, h)
    got = gradients(run, layer, x, states)
    assert len(got) == len(states) * 2 + 2 + len(layer.parameters())
    assert_same(got, gradients(unrolled, layer, x, states))


@each_layer
def test_the_gradients_of_a_layer_are_right(name: str) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 4, 3), states_for(name, 2, 5)
    inputs = [x, *states, *layer.parameters()]
    result = gradcheck(lambda x, *_: run(layer, x, states), inputs)
    assert result, str(result)
    assert result.checked == sum(t.size for t in inputs)


@each_layer
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_each_layer_computes_and_learns_as_pytorch_does(name: str, backend: str) -> None:
    library = torch()
    if backend == "numba":
        pytest.importorskip("numba", exc_type=ImportError)
    n, t, d, h = 3, 5, 4, 7
    layer, x, states = make(name, d, h), normal(n, t, d), states_for(name, n, h)
    theirs = getattr(library.nn, name)(d, h, batch_first=True, dtype=library.float64)
    bias = layer.b.arr.copy()
    inner = np.zeros_like(bias)
    if isinstance(layer, nn.GRU):
        inner[2 * h :] = layer.b_n.arr
    for parameter, values in zip(theirs.parameters(), (layer.w_x.arr.T, layer.w_h.arr.T, bias, inner), strict=True):
        parameter.data = library.tensor(values.copy())

    tx = library.tensor(x.arr, requires_grad=True)
    ts = [library.tensor(s.arr[None], requires_grad=True) for s in states]
    outputs, last = theirs(tx, tuple(ts) if name == "LSTM" else ts[0])
    results = [outputs, *(s[0] for s in (last if name == "LSTM" else (last,)))]
    upstream = [library.tensor(normal(*y.shape, seed=50 + i).arr) for i, y in enumerate(results)]
    sum((y * u).sum() for y, u in zip(results, upstream, strict=True)).backward()
    w_x, w_h, b, b_inner = (p.grad.numpy() for p in theirs.parameters())
    expected = [y.detach().numpy() for y in results]
    expected += [tx.grad.numpy(), *(s.grad[0].numpy() for s in ts), w_x.T, w_h.T, b]
    if name == "GRU":
        expected.append(b_inner[2 * h :])
    with npt.backend(backend):
        assert_same(gradients(run, layer, x, states), expected)


@each_layer
def test_a_state_that_is_not_given_is_zero(name: str) -> None:
    layer, x = make(name, 3, 5), normal(2, 4, 3)
    zeros = [npt.zeros(2, 5)] * (2 if name == "LSTM" else 1)
    for got, expected in zip(run(layer, x, None), run(layer, x, zeros), strict=True):
        np.testing.assert_array_equal(got.arr, expected.arr, strict=True)


@each_layer
def test_two_halves_with_the_state_handed_on_are_the_whole(name: str) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 6, 3), states_for(name, 2, 5)

    def in_halves(layer: Any, x: Tensor, states: list[Tensor]) -> tuple[Tensor, ...]:
        first, *between = run(layer, x[:, :2], states)
        second, *last = run(layer, x[:, 2:], between)
        return (npt.concatenate([first, second], axis=1), *last)

    assert_same(gradients(in_halves, layer, x, states), gradients(run, layer, x, states))


@each_layer
@pytest.mark.parametrize("steps", [[0], [2], [3], [0, 2]])
def test_a_loss_on_some_steps_sends_back_what_those_have_seen(name: str, steps: list[int]) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 4, 3), states_for(name, 2, 5)

    def at_steps(f: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
        return lambda *args: tuple(f(*args)[0][:, t] for t in steps)

    got = gradients(at_steps(run), layer, x, states)
    assert_same(got, gradients(at_steps(unrolled), layer, x, states))
    assert x.grad is not None
    assert not x.grad[:, max(steps) + 1 :].any()
    assert x.grad[:, max(steps)].all()


@each_layer
def test_only_what_requires_a_gradient_gets_one(name: str) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 4, 3, requires_grad=False), states_for(name, 2, 5)
    expected = gradients(run, layer, normal(2, 4, 3), states)
    still = [s.detach() for s in states]
    outputs, *last = run(layer, x, still)
    upstream = [normal(*y.shape, seed=50 + i, requires_grad=False) for i, y in enumerate((outputs, *last))]
    layer.zero_grad()
    npt.stack([(y * u).sum() for y, u in zip((outputs, *last), upstream, strict=True)]).sum().backward()
    assert x.grad is None
    assert all(s.grad is None for s in still)
    assert_same([p.grad for p in layer.parameters() if p.grad is not None], expected[-len(layer.parameters()) :])


@each_layer
def test_a_frozen_weight_gets_no_gradient_and_the_others_keep_theirs(name: str) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 4, 3), states_for(name, 2, 5)
    expected = gradients(run, layer, x, states)[-len(layer.parameters()) :]
    for i, frozen in enumerate(layer.parameters()):
        frozen.requires_grad = False
        gradients(run, layer, x, states)
        got = [p.grad for p in layer.parameters()]
        frozen.requires_grad = True
        assert got[i] is None
        assert_same([g for g in got if g is not None], expected[:i] + expected[i + 1 :])


@each_layer
def test_gradients_add_up_over_calls_and_over_passes(name: str) -> None:
    layer, x = make(name, 3, 5), normal(2, 4, 3)
    loss = run(layer, x, None)[0].sum()
    loss.backward()
    once = [p.grad.copy() for p in layer.parameters() if p.grad is not None]
    loss.backward()
    (run(layer, x, None)[0] * 1.0).sum().backward()
    assert_same([p.grad for p in layer.parameters() if p.grad is not None], [3 * g for g in once])


@each_layer
def test_a_layer_used_twice_in_one_graph_adds_up_both(name: str) -> None:
    layer, x, states = make(name, 5, 5), normal(2, 4, 5), states_for(name, 2, 5)

    def twice(f: Callable[..., tuple[Tensor, ...]]) -> Callable[..., tuple[Tensor, ...]]:
        return lambda layer, x, states: f(layer, f(layer, x, states)[0], states)

    assert_same(gradients(twice(run), layer, x, states), gradients(twice(unrolled), layer, x, states), rtol=1e-10)


@each_layer
def test_second_derivatives_are_those_of_the_formula(name: str) -> None:
    layer, x, states = make(name, 2, 3), normal(2, 3, 2), states_for(name, 2, 3)
    inputs = [x, *states, *layer.parameters()]

    def second(f: Callable[..., tuple[Tensor, ...]]) -> list[Array]:
        upstream = normal(2, 3, 3, seed=9)
        first = grad(f(layer, x, states)[0], inputs, upstream, create_graph=True)
        total = Tensor(0.0)
        for i, g in enumerate(first):
            total = total + (g * normal(*g.shape, seed=20 + i)).sum()
        return [g.arr for g in (*first, *grad(total, [*inputs, upstream]))]

    assert_same(second(run), second(unrolled), rtol=1e-10)


def test_a_weight_in_two_places_gets_the_derivatives_of_both() -> None:
    layer, x, states = make("RNN", 3, 3), normal(2, 4, 3), states_for("RNN", 2, 3)
    layer.w_h = layer.w_x
    (got,) = grad(run(layer, x, states)[0], [layer.w_x], create_graph=True)
    (expected,) = grad(unrolled(layer, x, states)[0], [layer.w_x])
    assert_same([got.arr], [expected.arr])


def test_layers_upon_layers_are_differentiated_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [make("RNN", 3, 3) for _ in range(3)]
    x, calls = normal(2, 4, 3), []
    original = RNNGradFn.f_d

    def counted(self: RNNGradFn, *nodes: Any) -> Any:
        calls.append(self)
        return original(self, *nodes)

    monkeypatch.setattr(RNNGradFn, "f_d", counted)
    y = x
    for layer in layers:
        y = run(layer, y, None)[0]
    grad(y, [x], create_graph=True)
    assert len(calls) == 3


@pytest.mark.parametrize("first", [True, False])
def test_the_rule_of_an_lstm_leaves_the_upstream_gradient_as_it_is(first: bool) -> None:
    layer, x, other = make("LSTM", 3, 5), normal(2, 4, 3), normal(5, 2, 5, seed=3)
    h0, c0 = states_for("LSTM", 2, 5)
    y, z = lstm(kernels_of("numpy"), x, h0, c0, layer.w_x, layer.w_h, layer.b), other + 0.0
    u = normal(5, 2, 5, seed=4).arr
    (y + z if first else z + y).backward(u)  # + hands the same array to both sides
    np.testing.assert_array_equal(other.grad, u)


@each_layer
def test_grad_without_a_graph_gives_what_backward_gives(name: str) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 4, 3), states_for(name, 2, 5)
    inputs = [x, *states, *layer.parameters()]
    found = grad(run(layer, x, states)[0], inputs)
    run(layer, x, states)[0].sum().backward()
    assert not any(g.requires_grad for g in found)
    assert_same([g.arr for g in found], [t.grad for t in inputs if t.grad is not None])


@each_layer
def test_float32_stays_float32(name: str) -> None:
    layer, x, states = (
        make(name, 3, 5, np.float32),
        normal(2, 4, 3, dtype=np.float32),
        states_for(name, 2, 5, np.float32),
    )
    got = gradients(run, layer, x, states)
    assert {a.dtype for a in got} == {np.dtype(np.float32)}
    assert {y.dtype for y in run(layer, x, None)} == {np.dtype(np.float32)}
    wide = gradients(run, make(name, 3, 5), normal(2, 4, 3), states_for(name, 2, 5))
    for a, b in zip(got, wide, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.abs(b).max())


@each_layer
def test_large_inputs_saturate_and_do_not_overflow(name: str) -> None:
    layer = make(name, 3, 5, np.float32)
    x = Tensor(1000 * np.sign(normal(2, 4, 3).arr).astype(np.float32), requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        for a in gradients(run, layer, x, states_for(name, 2, 5, np.float32)):
            assert np.isfinite(a).all()


@each_layer
def test_inputs_of_any_strides_will_do(name: str) -> None:
    layer, states = make(name, 3, 5), states_for(name, 2, 5)
    plain = normal(2, 4, 3)
    odd = Tensor(plain.arr, requires_grad=True)
    odd.node.arr = np.asfortranarray(plain.arr)[::-1][::-1]
    assert_same(gradients(run, layer, odd, states), gradients(run, layer, plain, states))


@each_layer
def test_without_recording_there_is_no_graph(name: str) -> None:
    layer, x = make(name, 3, 5), normal(2, 4, 3)
    expected = run(layer, x, None)
    with npt.no_grad():
        results = run(layer, x, None)
    for y, e in zip(results, expected, strict=True):
        assert not y.requires_grad
        np.testing.assert_array_equal(y.arr, e.arr, strict=True)


@each_layer
def test_changing_an_output_in_place_changes_no_gradient(name: str) -> None:
    layer, x = make(name, 3, 5), normal(2, 4, 3)
    y = run(layer, x, None)[0]
    before = y.arr.copy()
    z = y * 1.0
    y[:, 0] = 7.0
    z.sum().backward()
    got = [p.grad for p in layer.parameters() if p.grad is not None]
    layer.zero_grad()
    run(layer, x, None)[0].sum().backward()
    assert_same(got, [p.grad for p in layer.parameters() if p.grad is not None])
    np.testing.assert_array_equal(z.arr, before, strict=True)


@each_layer
def test_overwriting_an_input_is_noticed(name: str) -> None:
    layer, x = make(name, 3, 5), normal(2, 4, 3)
    y = run(layer, x, None)[0].sum()
    x.arr = x.arr + 1
    with pytest.raises(npt.GraphError, match="has been overwritten since"):
        y.backward()


@each_layer
def test_no_two_gradients_share_memory(name: str) -> None:
    layer, x, states = make(name, 3, 5), normal(2, 4, 3), states_for(name, 2, 5)
    gradients(run, layer, x, states)
    found = [t.grad for t in (x, *states, *layer.parameters())]
    for i, a in enumerate(found):
        for b in found[:i]:
            assert a is not None
            assert b is not None
            assert not np.may_share_memory(a, b)


@each_layer
def test_parameters_start_with_orthogonal_recurrence_and_no_bias(name: str) -> None:
    layer = LAYERS[name](3, 7)
    gates = layer.w_x.shape[1] // 7
    assert layer.w_x.shape == (3, 7 * gates)
    assert layer.w_h.shape == (7, 7 * gates)
    assert not layer.b.arr.any()
    for block in np.split(layer.w_h.arr, gates, axis=1):
        np.testing.assert_allclose(block @ block.T, np.eye(7), atol=1e-12)
    assert len({b.tobytes() for b in np.split(layer.w_h.arr, gates, axis=1)}) == gates
    np.testing.assert_allclose(np.abs(LAYERS[name](50, 9).w_x.arr).max(), np.sqrt(3 / 50), rtol=0.1)


@each_layer
def test_the_same_seed_draws_the_same_layer(name: str) -> None:
    np.random.seed(5)
    first = LAYERS[name](3, 4)
    np.random.seed(5)
    for p, q in zip(first.parameters(), LAYERS[name](3, 4).parameters(), strict=True):
        np.testing.assert_array_equal(p.arr, q.arr, strict=True)


@each_layer
@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 5), (2, 0, 3)])
def test_a_sequence_of_another_shape_is_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=rf"{name}: expected x \(N, T, D\) .* got shape \({shape[0]}, {shape[1]}"):
        run(make(name, 3, 5), normal(*shape), None)


@each_layer
def test_a_state_of_another_shape_is_refused(name: str) -> None:
    layer, x = make(name, 3, 5), normal(2, 4, 3)
    with pytest.raises(ShapeError, match=rf"{name}: expected h0 \(N, H\) = \(2, 5\) .* got shape \(1, 5\)"):
        run(layer, x, [normal(1, 5), normal(2, 5)])
    if name == "LSTM":
        with pytest.raises(ShapeError, match=r"LSTM: expected c0 \(N, H\) = \(2, 5\) .* got shape \(2, 4\)"):
            run(layer, x, [normal(2, 5), normal(2, 4)])


@each_layer
def test_sizes_below_one_are_refused(name: str) -> None:
    with pytest.raises(ShapeError, match=f"{name}: expected input_size and hidden_size of at least 1, got 3 and 0"):
        LAYERS[name](3, 0)
