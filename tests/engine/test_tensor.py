"""A Tensor as a Python object: its attributes, printing, truth, length, iteration, copying."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import ShapeError, Tensor, nn
from tests.engine.tools import grad_of, leaf, normal


def test_attributes_are_those_of_the_array() -> None:
    x = normal(2, 3)
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
    assert x.dtype == np.float64
    assert x.T.shape == (3, 2)
    assert x.is_leaf
    assert x.grad_fn is None
    assert x.node.arr is x.arr


def test_printing_tells_where_it_comes_from() -> None:
    x = leaf(1, 2)
    assert repr(x) == "Tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "Tensor([2., 4.], grad_fn=MulGradFn)"
    assert repr(x[0]) == "Tensor(1., grad_fn=GetitemGradFn)"
    assert repr(Tensor(np.ones(1, np.float32))) == "Tensor([1.], dtype=float32)"
    assert repr(nn.Parameter([[1.0, 2.0], [3.0, 4.0]])) == (
        "Parameter([[1., 2.],\n           [3., 4.]], requires_grad=True)"
    )
    assert "leaf" in repr(x.node)
    assert "MulGradFn" in repr((x * 2).node)


def test_one_entry_formats_as_a_number() -> None:
    loss = leaf(1.25).sum()
    assert f"{loss:.1f} {loss:8.3f}" == "1.2    1.250"
    assert f"{loss}" == repr(loss)
    with pytest.raises(ShapeError, match="item: expected a Tensor with one entry"):
        f"{leaf(1, 2):.2f}"


def test_one_entry_converts_to_a_number() -> None:
    x = leaf(2.5)
    assert (float(x.detach()), int(x.detach()), x.item(), bool(x), bool(x > 3)) == (2.5, 2, 2.5, True, False)
    assert type(x.item()) is float
    for convert in (float, int, bool, Tensor.item):
        with pytest.raises(ShapeError, match=r"expected a Tensor with one entry, got shape \(2,\)"):
            convert(leaf(1, 2).detach())


def test_a_scalar_has_no_length_and_cannot_be_iterated() -> None:
    for f in (len, iter):
        with pytest.raises(TypeError, match="expected a Tensor with at least one axis"):
            f(Tensor(1.0))


def test_rows_can_be_unpacked_and_added_with_a_gradient() -> None:
    x = normal(3, 2)
    a, b, c = x
    total = sum([a, b * 2, c * 3])
    assert isinstance(total, Tensor)
    total.backward(np.ones(2))
    np.testing.assert_array_equal(grad_of(x), [[1, 1], [2, 2], [3, 3]])


def test_comparisons_give_arrays_of_bool() -> None:
    x = leaf(1, 2, 3)
    for result, expected in [
        (x == 2, [False, True, False]),
        (x != x, [False, False, False]),
        (x < 2, [True, False, False]),
        (np.array(2) <= x, [False, True, True]),
        (x > np.array([0, 2, 4]), [True, False, False]),
        (x >= leaf(1, 3, 3), [True, False, True]),
        (x == "text", [False, False, False]),
        (x != None, [True, True, True]),  # noqa: E711  # entry by entry, as in NumPy
    ]:
        assert type(result) is np.ndarray
        assert result.dtype == np.bool_
        np.testing.assert_array_equal(result, expected)
    with pytest.raises(ShapeError, match=r"equal: expected shapes that broadcast together, got \(3,\) and \(2,\)"):
        _ = x == leaf(1, 2)
    with pytest.raises(TypeError, match="expected a Tensor, an array or a number"):
        _ = x < "text"  # type: ignore[operator]  # the mistake that is tested


def test_a_tensor_can_be_a_key_and_an_element_of_a_set() -> None:
    a, b = leaf(1), leaf(1)
    assert {a: 1, b: 2}[a] == 1
    assert len({a, b, a}) == 2


def test_copies_of_a_leaf_are_leaves_of_their_own() -> None:
    x = nn.Parameter([1.0, 2.0])
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(y) is nn.Parameter
        assert y.requires_grad
        (y * y).sum().backward()
        np.testing.assert_array_equal(grad_of(y), [2, 4])
    assert x.grad is None


def test_numpy_gives_a_copy_and_arr_the_array_itself() -> None:
    x = npt.zeros(2)
    x.numpy()[0] = 5
    x.arr[1] = 7
    np.testing.assert_array_equal(x.arr, [0, 7])


def test_creation_takes_shapes_either_way() -> None:
    for make in (npt.zeros, npt.ones, npt.rand, npt.randn):
        assert make(2, 3).shape == make((2, 3)).shape == (2, 3)
        assert make(2, requires_grad=True, dtype=np.float32).dtype == np.float32
        assert make(()).shape == make().shape == ()
    assert npt.full((2, 3), 7.0).arr.sum() == 42
    x = normal(2, 3)
    for like in (npt.zeros_like, npt.ones_like):
        assert like(x).shape == (2, 3)
        assert like(x, np.float32).dtype == np.float32
        assert like(x, shape=(5,)).shape == (5,)


def test_random_numbers_follow_the_seed_of_numpy() -> None:
    np.random.seed(3)  # noqa: NPY002
    a = (npt.rand(2).arr, npt.randn(2).arr)
    np.random.seed(3)  # noqa: NPY002
    np.testing.assert_array_equal(a, (npt.rand(2).arr, npt.randn(2).arr))


def test_one_hot_puts_a_one_at_each_label() -> None:
    np.testing.assert_array_equal(npt.one_hot(np.array([2, 0])).arr, [[0, 0, 1], [1, 0, 0]])
    assert npt.one_hot(npt.tensor([[1], [0]]), 5).shape == (2, 1, 5)
    assert npt.one_hot(np.array([], int), 3).shape == (0, 3)
    with pytest.raises(TypeError, match="one_hot: expected integer labels, got float64"):
        npt.one_hot(np.array([1.0]))
    for labels in ([3], [-1]):
        with pytest.raises(ShapeError, match="one_hot: expected labels from 0 to 2, got"):
            npt.one_hot(np.array(labels), 3)


def test_tensor_makes_a_leaf_of_anything_that_holds_numbers() -> None:
    x = leaf(1, 2)
    y = npt.tensor(x * 2, requires_grad=True)
    assert y.is_leaf
    assert y.requires_grad
    assert npt.tensor([[1, 2]], dtype=np.float32).dtype == np.float32
    assert npt.tensor(np.array(2, np.float32)).dtype == np.float32
