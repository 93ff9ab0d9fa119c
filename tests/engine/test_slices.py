"""What indexing with ints and slices gives: a Tensor of its own, which writes through to where it came from."""

from __future__ import annotations

import numpy as np

import numpytorch as npt
from tests.engine.tools import grad_of, leaf


def test_slices_of_slices_write_through() -> None:
    w = leaf(2, 3)
    out = npt.zeros(2, 3, 5)
    out[1][2][4] = w[0]
    out[0][1:][0, 2] = w[1]
    out[1][2][3] += w[0]
    out[1][0] += w[1]
    expected = np.zeros((2, 3, 5))
    expected[1, 2, 4], expected[0, 1, 2], expected[1, 2, 3], expected[1, 0] = 2, 3, 2, 3
    np.testing.assert_array_equal(out.arr, expected)
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [2, 6])


def test_a_held_row_writes_through() -> None:
    w = leaf(2)
    out = npt.zeros(2, 2)
    row = out[0]
    row[1] = w[0]
    row += w
    np.testing.assert_array_equal(out.arr, [[2, 4], [0, 0]])
    np.testing.assert_array_equal(row.arr, [2, 4])
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [3])


def test_a_row_does_not_change_when_the_tensor_is_written_to() -> None:
    out = npt.zeros(2, 2)
    row = out[0]
    out[0] = 5.0
    np.testing.assert_array_equal(row.arr, [0, 0])


def test_writing_a_part_of_an_old_row_leaves_what_was_written_since() -> None:
    w = leaf(1)
    out = npt.zeros(2, 3)
    row = out[0]
    out[0] = w * 9
    row[1] = 2.0
    np.testing.assert_array_equal(out.arr, [[9, 2, 9], [0, 0, 0]])
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [18])


def test_two_parts_that_overlap_both_count() -> None:
    w = leaf(1)
    out = npt.zeros(3)
    left, right = out[:2], out[1:]
    left += w
    right += w
    np.testing.assert_array_equal(out.arr, [1, 2, 1])
    out.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [4])


def test_parts_of_parts_that_overlap_both_count() -> None:
    out = npt.zeros(2, 3)
    left, right = out[0][:2], out[0][1:]
    left += 1
    right += 1
    out[0] += 1
    left += 1
    np.testing.assert_array_equal(out.arr, [[3, 4, 2], [0, 0, 0]])


def test_an_old_row_can_be_put_back() -> None:
    out = npt.zeros(2, 2)
    row = out[0]
    row += 1
    out[0] = 5.0
    out[0] = row
    np.testing.assert_array_equal(out.arr, [[1, 1], [0, 0]])


def test_updating_a_part_writes_it_once() -> None:
    w = leaf(1)
    out = npt.zeros(2, 2)
    before = out.node
    out[0] += w
    assert out.grad_fn is not None
    assert out.grad_fn.parents[0] is before


def test_a_held_row_is_not_read_again_when_only_it_was_written() -> None:
    w = leaf(1)
    out = npt.zeros(2, 2)
    row = out[1]
    row += w
    before = row.node
    row += w
    assert row.grad_fn is not None
    assert row.grad_fn.parents[0] is before


def test_a_row_can_be_put_elsewhere() -> None:
    out = npt.zeros(3, 2)
    row = out[0]
    row += 1
    out[1] = row
    out[-1] = out[0]
    np.testing.assert_array_equal(out.arr, np.ones((3, 2)))


def test_iterating_gives_rows_that_write_through() -> None:
    out = npt.zeros(2, 3)
    for i, row in enumerate(out):
        row += i + 1
    np.testing.assert_array_equal(out.arr, [[1, 1, 1], [2, 2, 2]])


def test_indexing_with_arrays_gives_a_copy() -> None:
    out = npt.zeros(3)
    part = out[[0, 1]]
    part += 1
    np.testing.assert_array_equal(out.arr, [0, 0, 0])
    out[[0, 1]] += 1
    np.testing.assert_array_equal(out.arr, [1, 1, 0])


def test_rows_of_a_parameter_write_through_under_no_grad() -> None:
    w = leaf(1, 2, 3)
    node = w.node
    with npt.no_grad():
        w[0] = 7.0
        w[1] += 5
        a, b = w[:2], w[1:]
        a *= 2
        b *= 2
        first = w[0]
        w[0] = 0.0
        w[0] = first
    assert w.node is node
    np.testing.assert_array_equal(w.arr, [14, 28, 6])
    w.sum().backward()
    np.testing.assert_array_equal(grad_of(w), [1, 1, 1])


def test_a_row_taken_before_no_grad_writes_through_within_it() -> None:
    x = leaf(1, 2)
    y = x * 1
    row = y[:1]
    with npt.no_grad():
        row += 10
    np.testing.assert_array_equal(y.arr, [11, 2])
    assert y.requires_grad


def test_writing_to_a_row_of_an_input_leaves_the_input() -> None:
    x = leaf(1, 2)
    y = x * 1
    z = y.reshape(2, 1)
    z[0] += 1
    np.testing.assert_array_equal(x.arr, [1, 2])
    np.testing.assert_array_equal(y.arr, [1, 2])
