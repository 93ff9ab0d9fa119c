"""What a dataset is: something with a length, from which rows of `(x, y)` can be taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, overload, runtime_checkable

import numpy as np

from numpytorch.data.idx import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows: TypeAlias = slice | NDArray[np.intp]


@runtime_checkable
class Dataset(Protocol):
    """Anything a DataLoader can take its batches from."""

    def __len__(self) -> int:
        """Return the number of rows, N."""
        ...

    def __getitem__(self, rows: NDArray[np.intp], /) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take several rows at once. rows: (B,), each in 0..N-1. Returns x (B, ...) and y (B, ...)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ArrayDataset:
    """Two arrays of equal length as a Dataset. x: (N, ...); y: (N, ...).

    Raises DataError if the lengths differ, or if either is not an array with a first axis.
    """

    x: NDArray[Any]
    y: NDArray[Any]

    def __post_init__(self) -> None:
        """Check what the class says it holds."""
        for name, array in (("x", self.x), ("y", self.y)):
            if getattr(array, "ndim", 0) == 0:
                raise DataError(
                    f"ArrayDataset: expected {name} to be a NumPy array with one row an example, "
                    f"got {type(array).__name__}. Pass np.asarray(values), or the .arr of a Tensor."
                )
        if len(self.x) != len(self.y):
            raise DataError(
                f"ArrayDataset: expected x and y of equal length, got {len(self.x)} and {len(self.y)} rows "
                f"(x {self.x.shape}, y {self.y.shape}). Take the same rows of both."
            )

    def __len__(self) -> int:
        """Return the number of rows, N."""
        return len(self.x)

    def __getitem__(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the rows of x and of y."""
        return self.x[rows], self.y[rows]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageDataset:
    """Images of 28x28 grey pixels, each with the number of its class.

    images: uint8 (N, 28, 28), 0 is background and 255 ink; labels: uint8 (N,), each 0 to 9.
    Indexing gives `(x, y)` as a model takes them: scaled to 0..1 and with a channel axis.
    Raises DataError if a dtype, a shape or a label is another.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check what the class says it holds."""
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
            raise DataError(
                f"expected uint8 images of shape (N, 28, 28), got {images.dtype} of shape {images.shape}. "
                "Use MNIST's images, or others of that size."
            )
        if labels.dtype != np.uint8 or labels.ndim != 1:
            raise DataError(
                f"expected uint8 labels of shape (N,), got {labels.dtype} of shape {labels.shape}. "
                "Use one whole number an image, not one-hot rows."
            )
        if len(images) != len(labels):
            raise DataError(
                f"expected one label an image, got {len(images)} images and {len(labels)} labels. "
                "Use images and labels of the same set."
            )
        if np.any(labels > 9):
            worst = int(np.argmax(labels))
            raise DataError(f"expected labels 0 to 9, got {labels[worst]} at row {worst}. Use labels of ten classes.")

    @property
    def x(self) -> NDArray[np.float32]:
        """All images, float32 (N, 1, 28, 28), 0 to 1. A new array each time: keep it, or take rows."""
        return self[:][0]

    @property
    def y(self) -> NDArray[np.int64]:
        """All labels, int64 (N,). A new array each time."""
        return self[:][1]

    def __len__(self) -> int:
        """Return the number of images, N."""
        return len(self.images)

    @overload
    def __getitem__(self, rows: int) -> tuple[NDArray[np.float32], np.int64]: ...
    @overload
    def __getitem__(self, rows: Rows) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...
    def __getitem__(self, rows: int | Rows) -> tuple[NDArray[np.float32], np.int64 | NDArray[np.int64]]:
        """Return x, float32 (1, 28, 28), and y for one row; x (B, 1, 28, 28) and y (B,) for several."""
        x = self.images[rows].astype(np.float32) / np.float32(255)
        return x[..., None, :, :], self.labels[rows].astype(np.int64)

    def __repr__(self) -> str:
        """Say how many images there are, not what they hold."""
        return f"ImageDataset({len(self)} images of 28x28)"
