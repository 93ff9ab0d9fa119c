"""Hypothesis: shapes that broadcast, axes to reduce, slices to read and write, in every combination."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import numpytorch as npt
from numpytorch import Tensor
from numpytorch.autograd import gradcheck

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3)
PAIRS = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3)
REDUCTIONS: list[Any] = [npt.sum, npt.mean, npt.max, npt.min, npt.logsumexp, npt.var, npt.std]
REFERENCES: list[Any] = [np.sum, np.mean, np.max, np.min, np.logaddexp.reduce, np.var, np.std]


def distinct(*shape: int) -> Tensor:
    """Draw entries without ties, none within 0.04 of zero."""
    n = int(np.prod(shape))
    values = np.random.default_rng(n).permutation(n).reshape(shape) - n / 2 + 0.37
    return Tensor(values * 0.1, requires_grad=True)


@given(PAIRS, st.sampled_from(["+", "-", "*", "/", "maximum"]))
def test_any_two_shapes_that_broadcast_have_the_right_gradients(shapes: hnp.BroadcastableShapes, name: str) -> None:
    s, t = shapes.input_shapes
    operations: dict[str, Any] = {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / (b * b + 1),
        "maximum": lambda a, b: npt.maximum(a, b + 0.0123),
    }  # fmt: skip
    result = gradcheck(operations[name], [distinct(*s), distinct(*t)], projections=2)
    assert result, str(result)
    assert operations[name](distinct(*s), distinct(*t)).shape == shapes.result_shape


@given(st.data(), SHAPES, st.sampled_from(range(len(REDUCTIONS))), st.booleans())
def test_any_axes_can_be_reduced(data: st.DataObject, shape: tuple[int, ...], which: int, keepdims: bool) -> None:
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape)))
    x = distinct(*shape)
    f = REDUCTIONS[which]
    y = f(x, axis=axis, keepdims=keepdims)
    if REFERENCES[which] is np.logaddexp.reduce:
        expected: Any = np.log(np.exp(x.arr).sum(axis=axis, keepdims=keepdims))
    else:
        expected = REFERENCES[which](x.arr, axis=axis, keepdims=keepdims)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.arr, expected, rtol=1e-12, atol=1e-12)
    if f is not npt.std or np.all(y.arr > 0):  # std has a corner at 0
        result = gradcheck(lambda x: f(x, axis=axis, keepdims=keepdims), [x], projections=2)
        assert result, str(result)


@given(st.data(), SHAPES)
def test_any_basic_index_reads_and_writes_as_in_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    key: Any = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    x = distinct(*shape)
    assert gradcheck(lambda x: x[key], [x], projections=1)

    def write(x: Tensor, v: Tensor) -> Tensor:
        out = x * 2
        out[key] = v
        out[key] += v * v
        return out

    v = distinct(*x.arr[key].shape)
    expected = np.array(x.arr * 2)
    expected[key] = v.arr
    expected[key] += v.arr * v.arr
    np.testing.assert_allclose(write(x, v).arr, expected)
    assert gradcheck(write, [x, v], projections=1)


@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_any_integer_index_reads_and_writes_as_in_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    key: Any = data.draw(hnp.integer_array_indices(shape))
    x = distinct(*shape)
    assert gradcheck(lambda x: x[key], [x], projections=1)

    def write(x: Tensor, v: Tensor) -> Tensor:
        out = x * 2
        out[key] = v
        return out

    v = distinct(*x.arr[key].shape)
    expected = np.array(x.arr * 2)
    expected[key] = v.arr
    np.testing.assert_array_equal(write(x, v).arr, expected)
    assert gradcheck(write, [x, v], projections=2)


@given(st.data(), st.lists(st.integers(1, 3), min_size=2, max_size=3))
def test_matrices_multiply_over_any_batch_axes(data: st.DataObject, mkn: list[int]) -> None:
    m, k, n = (mkn * 2)[:3]
    batches = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3)).input_shapes
    a, b = distinct(*batches[0], m, k), distinct(*batches[1], k, n)
    np.testing.assert_allclose((a @ b).arr, a.arr @ b.arr)
    assert gradcheck(lambda a, b: a @ b, [a, b], projections=2)


@given(st.data(), SHAPES)
def test_any_permutation_of_axes_goes_back(data: st.DataObject, shape: tuple[int, ...]) -> None:
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    x = distinct(*shape)
    np.testing.assert_array_equal(npt.permute(x, order).arr, x.arr.transpose(order))
    assert gradcheck(lambda x: npt.permute(x, order), [x], projections=1)
