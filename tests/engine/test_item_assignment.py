"""x[key] = value is differentiable, and writes a buffer piece by piece without copying it each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, GraphError, ShapeError, Tensor
from tests.engine.tools import grad_of, leaf, normal


def test_an_untracked_buffer_of_zeros_becomes_tracked() -> None:
    w = leaf(1, 2, 3)
    out = npt.zeros(2, 3)
    assert not out.requires_grad
    out[0] = w * w
    out[1] = w * 5
    assert out.requires_grad
    assert out.grad_fn is not None
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [7, 9, 11])


def test_a_loop_over_pixels_has_the_gradient_of_the_whole() -> None:
    x, w = normal(5, 7), normal(2, 3, seed=1)
    out = npt.zeros(4, 5)
    for i in range(4):
        for j in range(5):
            out[i, j] = (x[i : i + 2, j : j + 3] * w).sum()
    u = np.random.default_rng(2).standard_normal((4, 5))
    out.backward(u)
    windows = np.lib.stride_tricks.sliding_window_view(x.arr, (2, 3))
    np.testing.assert_allclose(grad_of(w), np.einsum("ijkl,ij->kl", windows, u))


def test_what_is_overwritten_gets_no_gradient() -> None:
    a, b = leaf(1, 2), leaf(3)
    out = a * 1
    out[0] = b[0]
    (out * np.array([5.0, 7.0])).sum().backward()
    np.testing.assert_array_equal(grad_of(a), [0, 7])
    np.testing.assert_array_equal(grad_of(b), [5])


def test_writing_the_same_place_twice_keeps_the_last() -> None:
    a, b = leaf(1), leaf(2)
    out = npt.zeros(3)
    out[1] = a[0]
    out[1] = b[0]
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(a), [0])
    np.testing.assert_array_equal(grad_of(b), [1])


def test_repeated_indices_let_the_last_win() -> None:
    v = leaf(1, 2, 3, 4)
    out = npt.zeros(3)
    out[np.array([0, 2, 0, 0])] = v
    np.testing.assert_array_equal(out.arr, [4, 0, 2])
    (out * np.array([5.0, 6.0, 7.0])).sum().backward()
    np.testing.assert_array_equal(grad_of(v), [0, 7, 0, 5])


def test_repeated_indices_let_the_last_row_win_under_broadcasting() -> None:
    v = leaf(1, 2, 3)
    out = npt.zeros(2, 3)
    out[[1, 1, 0]] = v
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(v), [2, 2, 2])


def test_a_value_may_have_axes_of_length_one_in_front() -> None:
    v = normal(1, 1, 3)
    out = npt.zeros(2, 3)
    out[0] = v
    out[1] = v
    (out * 3).sum().backward()
    np.testing.assert_array_equal(grad_of(v), np.full((1, 1, 3), 6))


def test_a_recurrence_in_a_buffer_goes_back_through_time() -> None:
    w, x = leaf(0.5), normal(6)
    h = npt.zeros(7)
    for t in range(6):
        h[t + 1] = npt.tanh(h[t] * w[0] + x[t])
    h[6].backward()

    w2, x2 = leaf(0.5), normal(6)
    s = npt.tensor(0.0)
    for t in range(6):
        s = npt.tanh(s * w2[0] + x2[t])
    s.backward()
    np.testing.assert_allclose(grad_of(w), grad_of(w2))
    np.testing.assert_allclose(grad_of(x), grad_of(x2))


def test_overlapping_parts_are_read_before_they_are_written() -> None:
    x = leaf(1, 2, 3, 4)
    out = x * 1
    out[1:] = out[:-1]
    np.testing.assert_array_equal(out.arr, [1, 1, 2, 3])
    out[:-1] = out[1:]
    np.testing.assert_array_equal(out.arr, [1, 2, 3, 3])
    (out * np.array([2.0, 3.0, 5.0, 7.0])).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [2, 3, 12, 0])


def test_entries_can_be_exchanged() -> None:
    x = leaf(1, 2, 3)
    out = x * 1
    out[[0, 2]] = out[[2, 0]]
    first = out[0]
    out[0] = out[1]
    out[1] = first
    np.testing.assert_array_equal(out.arr, [2, 3, 1])
    (out * np.array([2.0, 3.0, 5.0])).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [5, 2, 3])


def test_float32_buffers_stay_float32_and_give_each_value_its_own_dtype() -> None:
    v = leaf(1, 2)
    single = Tensor(np.ones(2, np.float32), requires_grad=True)
    out = npt.zeros(3, 2, dtype=np.float32)
    out[0] = v
    out[1] = single
    out[2] += v
    assert out.dtype == np.float32
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(v), [2, 2])
    np.testing.assert_array_equal(grad_of(single), np.ones(2, np.float32))


def test_a_buffer_is_copied_once_however_often_it_is_written() -> None:
    w = leaf(2)
    out = npt.zeros(50, 3)
    places = set()
    for i in range(50):
        out[i] = w
        out[i] += w
        out[i][0] = w[0]
        places.add(out.arr.ctypes.data)
    assert len(places) == 1
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [250])


def test_backward_hands_one_gradient_down_the_chain_of_writes() -> None:
    w = leaf(2)
    out = npt.zeros(20)
    seen = set()
    for i in range(20):
        out[i] = w[0]
        rule = out.grad_fn
        assert rule is not None

        def watched(*nodes: object, rule: object = rule) -> object:
            result = type(rule).f_d(rule, *nodes)  # type: ignore[attr-defined]  # the rule of SetitemGradFn
            seen.add(result[0].ctypes.data)
            return result

        rule.f_d = watched  # type: ignore[method-assign,assignment]  # to look over its shoulder
    out.sum().backward()
    assert len(seen) == 1
    np.testing.assert_array_equal(grad_of(w), [20])


def test_a_write_leaves_the_gradient_of_other_consumers_alone() -> None:
    x = leaf(1, 2, 3)
    y = x * 1
    z = y.reshape(3)
    y[0] = 0.0
    (y + z).sum().backward()
    np.testing.assert_array_equal(grad_of(x), [1, 2, 2])


def test_numbers_lists_and_arrays_can_be_assigned() -> None:
    x = leaf(1, 2, 3)
    out = x * 1
    out[0] = 7
    values: Any = [8.0, 9.0]
    out[1:] = values
    out[2:] = np.array([5])
    np.testing.assert_array_equal(out.arr, [7, 8, 5])
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(x), [0, 0, 0])


def test_an_input_that_requires_a_gradient_is_not_written_to() -> None:
    x = leaf(1, 2)
    with pytest.raises(GraphError, match=r"item assignment: expected .*got a leaf.*y = x\.copy\(\).*no_grad"):
        x[0] = 5
    with pytest.raises(GraphError, match="leaf"):
        x[0] += 5
    np.testing.assert_array_equal(x.arr, [1, 2])


def test_a_value_that_does_not_fit_is_named() -> None:
    out = npt.zeros(2, 3)
    with pytest.raises(ShapeError, match=r"expected a value of shape \(3,\).*got \(5,\)"):
        out[0] = npt.ones(5)


def test_a_tracked_value_in_an_integer_buffer_is_refused() -> None:
    out = npt.zeros(2, dtype=np.int64)
    with pytest.raises(DtypeError, match="integers have no gradient"):
        out[0] = leaf(1)[0]


def test_an_index_that_does_not_exist_is_numpys_error() -> None:
    out = npt.zeros(2)
    with pytest.raises(IndexError):
        out[2] = 1.0
    np.testing.assert_array_equal(out.arr, [0, 0])
