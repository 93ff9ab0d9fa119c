"""A set of files like MNIST's, small enough to write in every test."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from numpytorch.data.idx import read_content, write_idx

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIZES = {"train": 30, "t10k": 20}


def images(count: int) -> NDArray[np.uint8]:
    """Return `count` images, (count, 28, 28), no two the same."""
    return np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def labels(count: int) -> NDArray[np.uint8]:
    """Return `count` labels, (count,): 0, 1, ..., 9, 0, 1, ..."""
    return (np.arange(count) % 10).astype(np.uint8)


def write_digits(folder: Path, *, suffix: str = ".gz", stop: str = "-") -> dict[str, str]:
    """Write the four files into `folder`, the names spelled with `stop` before `idx`.

    Returns name -> SHA-256 before compression, as `download_mnist` takes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checksums: dict[str, str] = {}
    for part, count in SIZES.items():
        for kind, array in (("images-idx3", images(count)), ("labels-idx1", labels(count))):
            name = f"{part}-{kind}-ubyte"
            path = folder / (name.replace("-idx", f"{stop}idx") + suffix)
            write_idx(path, array)
            checksums[name] = hashlib.sha256(read_content(path)).hexdigest()
    return checksums
