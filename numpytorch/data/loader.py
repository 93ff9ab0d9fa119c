"""Batches: the rows of a dataset, some at a time, in an order that a seed decides."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch.data.dataset import ArrayDataset, Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class DataLoader:
    """Iterate `(x, y)` batches: `DataLoader(dataset, batch_size=64)` or `DataLoader(x, y, batch_size=64)`.

    dataset: a Dataset; or x (N, ...) and y (N, ...), NumPy arrays of equal length.
    shuffle: a new order each time the loader is iterated. Two loaders of one seed give the same orders.
    drop_last: leave out the last batch where fewer than batch_size rows are left for it.
    A batch is a copy: changing it does not change the data.
    Raises ValueError, with what to do, for arguments that cannot give a batch.
    """

    def __init__(
        self,
        *data: Dataset | NDArray[Any],
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        """Take the data and check the arguments; the class says what they are."""
        self.dataset: Dataset = _as_dataset(data)
        self.batch_size = _whole_number("batch_size", batch_size, minimum=1)
        self.shuffle = shuffle
        self.seed = _whole_number("seed", seed, minimum=0)
        self.drop_last = drop_last
        self._epoch = 0
        if len(self) == 0:
            raise ValueError(
                f"DataLoader: expected at least one batch, got none: {len(self.dataset)} rows, "
                f"batch_size={batch_size}, drop_last={drop_last}. Use a smaller batch_size, or more data."
            )

    def __len__(self) -> int:
        """Return the number of batches in one epoch."""
        whole, left = divmod(len(self.dataset), self.batch_size)
        return whole + (left > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Start an epoch: every row once, in batches of x (batch_size, ...) and y (batch_size, ...)."""
        order: NDArray[np.intp] = np.arange(len(self.dataset))
        if self.shuffle:
            order = np.random.default_rng([self.seed, self._epoch]).permutation(order)
        # Counted here, not in the generator: an epoch that is begun and left counts too.
        self._epoch += 1
        return self._batches(order)

    def _batches(self, order: NDArray[np.intp]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            yield self.dataset[order[start : start + self.batch_size]]


def _as_dataset(data: tuple[Dataset | NDArray[Any], ...]) -> Dataset:
    match data:
        case (np.ndarray() as x, np.ndarray() as y):
            return ArrayDataset(x, y)
        case (Dataset() as one,) if not isinstance(one, np.ndarray):
            return one
        case _:
            got = ", ".join(type(item).__name__ for item in data) or "nothing"
            raise ValueError(
                f"DataLoader: expected one dataset or two NumPy arrays, x and y, got {got}. "
                "Write DataLoader(train, batch_size=64) or DataLoader(x, y, batch_size=64): "
                "batch_size is named, and of a Tensor its .arr is passed."
            )


def _whole_number(name: str, value: int, *, minimum: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or operator.index(value) < minimum:
        raise ValueError(
            f"DataLoader: expected {name} to be an int of at least {minimum}, got {value!r}. Pass another {name}."
        )
    return operator.index(value)
