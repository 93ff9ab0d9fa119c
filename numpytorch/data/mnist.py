"""MNIST: images of handwritten digits, from the subset that ships or from a folder of yours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from numpytorch.data.dataset import ImageDataset
from numpytorch.data.download import MIRRORS, download_mnist
from numpytorch.data.files import FULL_SHA256, HELD_OUT, TRAIN, cache_folder, find_files, shipped_folder
from numpytorch.data.idx import DataError, read_idx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def mnist(folder: str | os.PathLike[str] | None = None, *, download: bool = False) -> tuple[ImageDataset, ImageDataset]:
    """Load MNIST as `train, held_out = mnist()`.

    folder: where the four files lie, `.gz` or not; without it the folder that the environment variable
    NUMPYTORCH_DATA names; without that the subset that ships: 5,000 digits to train on, 1,000 held out.
    download: fetch the full set, 60,000 and 10,000 digits, 11 MB, into that folder first, or into a cache
    folder of this user if none is named. Files that are there and right are not fetched again.
    Raises DataError, which names the file and what to do, if one is missing, damaged, or does not fit.
    Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits".
    """
    return load_mnist(folder, download=download, mirrors=MIRRORS, checksums=FULL_SHA256)


def load_mnist(
    folder: str | os.PathLike[str] | None,
    *,
    download: bool,
    mirrors: Sequence[str],
    checksums: Mapping[str, str],
) -> tuple[ImageDataset, ImageDataset]:
    """Do what `mnist` does, with other mirrors and checksums (see `download_mnist`)."""
    named = folder if folder is not None else os.environ.get("NUMPYTORCH_DATA") or None
    default = cache_folder if download else shipped_folder
    chosen = default() if named is None else Path(named).expanduser()
    if download:
        download_mnist(chosen, mirrors=mirrors, checksums=checksums)
    files = find_files(chosen)
    train, held_out = (_read(files[images], files[labels]) for images, labels in (TRAIN, HELD_OUT))
    return train, held_out


def _read(images: Path, labels: Path) -> ImageDataset:
    pixels, classes = read_idx(images), read_idx(labels)
    try:
        return ImageDataset(pixels, classes)
    except DataError as error:
        raise DataError(f"{images} and {labels}: {error}") from error
