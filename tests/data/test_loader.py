"""DataLoader: every row once an epoch, in an order that the seed decides."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpytorch.data import DataLoader, ImageDataset

from .digits import images, labels

X = np.arange(22, dtype=np.float32).reshape(11, 2)
Y = np.arange(11)


def epoch(loader: DataLoader) -> list[int]:
    """Return the rows of one epoch in their order, each seen by its y."""
    return [int(row) for _, y in loader for row in y]


def test_without_shuffle_the_batches_are_slices_in_order() -> None:
    batches = list(DataLoader(X, Y, batch_size=4))
    assert [len(x) for x, _ in batches] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), X, strict=True)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), Y, strict=True)


@given(rows=st.integers(1, 40), size=st.integers(1, 50), shuffle=st.booleans())
def test_every_row_comes_once_with_its_own_y(rows: int, size: int, shuffle: bool) -> None:
    x = np.arange(rows) * 3
    loader = DataLoader(x, np.arange(rows), batch_size=size, shuffle=shuffle)
    seen: list[int] = []
    for some, y in loader:
        np.testing.assert_array_equal(some, y * 3)
        seen += y.tolist()
    assert sorted(seen) == list(range(rows))


@given(rows=st.integers(1, 40), size=st.integers(1, 50), drop_last=st.booleans())
def test_len_is_the_number_of_batches(rows: int, size: int, drop_last: bool) -> None:
    if drop_last and size > rows:
        size = rows
    loader = DataLoader(np.arange(rows), np.arange(rows), batch_size=size, drop_last=drop_last)
    sizes = [len(y) for _, y in loader]
    assert len(sizes) == len(loader)
    assert all(each == size for each in sizes[:-1])
    assert not drop_last or sizes[-1] == size


def test_drop_last_leaves_out_the_short_batch() -> None:
    assert epoch(DataLoader(X, Y, batch_size=4, drop_last=True)) == list(range(8))


def test_shuffled_epochs_differ_from_each_other_and_from_the_given_order() -> None:
    loader = DataLoader(X, Y, batch_size=4, shuffle=True)
    orders = [list(range(11)), *(epoch(loader) for _ in range(4))]
    assert all(a != b for a, b in pairwise(orders))


def test_one_seed_gives_the_same_epochs_again() -> None:
    one, two = (DataLoader(X, Y, batch_size=4, shuffle=True, seed=7) for _ in range(2))
    assert [epoch(one) for _ in range(3)] == [epoch(two) for _ in range(3)]


def test_another_seed_gives_other_epochs() -> None:
    one, two = (DataLoader(X, Y, batch_size=4, shuffle=True, seed=seed) for seed in (7, 8))
    assert epoch(one) != epoch(two)


def test_the_order_depends_on_no_other_use_of_random_numbers() -> None:
    loader = DataLoader(X, Y, batch_size=4, shuffle=True)
    expected = epoch(DataLoader(X, Y, batch_size=4, shuffle=True))
    np.random.seed(1)  # noqa: NPY002 - the global state that a student's script may touch
    assert epoch(loader) == expected


def test_an_epoch_that_was_left_early_counts() -> None:
    left, whole = (DataLoader(X, Y, batch_size=4, shuffle=True) for _ in range(2))
    next(iter(left))
    epoch(whole)
    assert epoch(left) == epoch(whole)


def test_two_epochs_at_once_do_not_disturb_each_other() -> None:
    loader = DataLoader(X, Y, batch_size=4, shuffle=True)
    first, second = iter(loader), iter(loader)
    mixed = [(a[1].tolist(), b[1].tolist()) for a, b in zip(first, second, strict=True)]
    again = DataLoader(X, Y, batch_size=4, shuffle=True)
    assert [row for a, _ in mixed for row in a] == epoch(again)
    assert [row for _, b in mixed for row in b] == epoch(again)


@pytest.mark.parametrize("shuffle", [False, True])
def test_changing_a_batch_does_not_change_the_data(shuffle: bool) -> None:
    data = X.copy()
    for x, _ in DataLoader(data, Y, batch_size=4, shuffle=shuffle):
        x[:] = -1
    np.testing.assert_array_equal(data, X)


def test_a_dataset_gives_batches_as_a_model_takes_them() -> None:
    digits = ImageDataset(images(7), labels(7))
    batches = list(DataLoader(digits, batch_size=5))
    assert [(x.shape, x.dtype, y.dtype) for x, y in batches] == [
        ((5, 1, 28, 28), np.dtype(np.float32), np.dtype(np.int64)),
        ((2, 1, 28, 28), np.dtype(np.float32), np.dtype(np.int64)),
    ]
    np.testing.assert_array_equal(batches[1][0], digits.x[5:])


def test_a_numpy_integer_is_a_batch_size() -> None:
    assert len(DataLoader(X, Y, batch_size=np.int64(4))) == 3  # type: ignore[arg-type]  # counts often come so


WRONG: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "zero": ((X, Y), {"batch_size": 0}, "expected batch_size to be an int of at least 1, got 0"),
    "negative": ((X, Y), {"batch_size": -1}, "expected batch_size to be an int of at least 1, got -1"),
    "fraction": ((X, Y), {"batch_size": 2.5}, "got 2.5"),
    "text": ((X, Y), {"batch_size": "64"}, "got '64'"),
    "truth value": ((X, Y), {"batch_size": True}, "got True"),
    "negative seed": (
        (X, Y),
        {"batch_size": 4, "seed": -3},
        "expected seed to be an int of at least 0, got -3",
    ),
    "lengths": (
        (X, Y[1:]),
        {"batch_size": 4},
        "expected x and y of equal length, got 11 and 10 rows (x (11, 2), y (10,))",
    ),
    "no first axis": (
        (X, np.array(1)),
        {"batch_size": 4},
        "expected y to be a NumPy array with one row an example",
    ),
    "x alone": ((X,), {"batch_size": 4}, "expected one dataset or two NumPy arrays, x and y, got ndarray"),
    "nothing": ((), {"batch_size": 4}, "got nothing"),
    "lists": (([1], [2]), {"batch_size": 1}, "got list, list"),
    "batch_size not named": (
        (ImageDataset(images(2), labels(2)), 64),
        {"batch_size": 1},
        "got ImageDataset, int",
    ),
    "no rows": (
        (X[:0], Y[:0]),
        {"batch_size": 4},
        "expected at least one batch, got none: 0 rows, batch_size=4",
    ),
    "all dropped": (
        (X, Y),
        {"batch_size": 12, "drop_last": True},
        "got none: 11 rows, batch_size=12, drop_last=True",
    ),
}


@pytest.mark.parametrize(("data", "arguments", "message"), WRONG.values(), ids=WRONG)
def test_arguments_that_cannot_give_a_batch_are_refused(
    data: tuple[Any, ...], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        DataLoader(*data, **arguments)
    assert message in str(caught.value)
