"""Parameter: what it holds, and how it is drawn."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

from collections.abc import Iterator

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, ShapeError, Tensor, nn


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    np.random.seed(0)
    yield
    npt.set_default_dtype(np.float64)


def test_a_parameter_is_a_leaf_tensor_that_requires_a_gradient() -> None:
    p = nn.Parameter(npt.ones(2, 3))
    assert isinstance(p, Tensor)
    assert p.requires_grad
    assert p.is_leaf
    assert p.grad is None


def test_a_parameter_copies_the_array_that_it_is_made_of() -> None:
    values = np.ones(3)
    p = nn.Parameter(values)
    values[0] = 7
    np.testing.assert_array_equal(p.arr, np.ones(3))


def test_a_parameter_copies_the_tensor_that_it_is_made_of_without_its_graph() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    p = nn.Parameter(x * 2.0)
    (p * p).sum().backward()
    assert x.grad is None
    np.testing.assert_array_equal(p.grad, [4.0, 8.0])
    p.arr[0] = 7
    np.testing.assert_array_equal(x.arr, [1.0, 2.0])


def test_a_parameter_keeps_its_dtype_and_refuses_integers() -> None:
    assert nn.Parameter(np.ones(3, np.float32)).dtype == np.float32
    with pytest.raises(DtypeError, match="expected floating-point values, got int64"):
        nn.Parameter(np.ones(3, np.int64))


FAN_IN = [((997,), 997), ((601, 7), 601), ((5, 601), 5), ((11, 3, 5, 7), 105), ((401, 2, 3), 6)]


@pytest.mark.parametrize(("shape", "fan_in"), FAN_IN)
def test_new_draws_from_he_uniform_with_the_right_fan_in(shape: tuple[int, ...], fan_in: int) -> None:
    p = nn.Parameter.new(*shape)
    bound = np.sqrt(6 / fan_in)
    assert p.shape == shape
    assert np.abs(p.arr).max() <= bound
    assert np.abs(p.arr).max() > 0.95 * bound
    # 5 standard errors of the mean, and of the variance bound^2 / 3 = 2 / fan_in, of a uniform distribution
    assert abs(p.arr.mean()) < 5 * bound / np.sqrt(3 * p.size)
    assert p.arr.var() == pytest.approx(2 / fan_in, rel=5 * np.sqrt(0.8 / p.size))
    assert (p.arr < 0).mean() == pytest.approx(0.5, abs=2.5 / np.sqrt(p.size))


def test_new_keeps_the_size_of_activations_through_relu_layers() -> None:
    x = Tensor(np.random.standard_normal((200, 300)))
    for _ in range(5):
        x = nn.relu(x @ nn.Parameter.new(300, 300))
    assert 0.5 < (x.arr**2).mean() < 2


def test_new_and_new_scalar_follow_the_seed_of_numpy() -> None:
    def draw() -> list[bytes]:
        return [p.arr.tobytes() for p in (nn.Parameter.new(3, 5), nn.Parameter.new_scalar())]

    np.random.seed(7)
    first = draw()
    assert draw() != first
    np.random.seed(7)
    assert draw() == first


def test_new_scalar_is_one_number_from_0_to_1() -> None:
    draws = [nn.Parameter.new_scalar() for _ in range(300)]
    assert all(p.shape == () and p.requires_grad for p in draws)
    values = np.array([p.item() for p in draws])
    assert 0 <= values.min() < 0.1
    assert 0.9 < values.max() < 1


def test_new_follows_the_default_dtype() -> None:
    assert nn.Parameter.new(3, 5).dtype == np.float64
    npt.set_default_dtype(np.float32)
    assert nn.Parameter.new(3, 5).dtype == np.float32
    assert nn.Parameter.new_scalar().dtype == np.float32


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (-1, 3), ((3, 4),), (3.0, 4)])
def test_new_refuses_lengths_that_are_none(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"Parameter.new: expected .* at least 1, as in new\(784, 10\), got"):
        nn.Parameter.new(*shape)


def test_new_takes_the_integers_of_numpy() -> None:
    assert nn.Parameter.new(*np.array([3, 5])).shape == (3, 5)
