"""Make the MNIST subset that ships with the library: `python data/make_subset.py FOLDER`.

FOLDER holds the four files of the full set, `.gz` or not; their SHA-256 is verified before anything is made.
The choice is by hash, not by a random generator, so that it is the same for every version of every library.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from numpytorch.data.files import FULL_SHA256, HELD_OUT, TRAIN, check_sha256, find_files
from numpytorch.data.idx import DataError, read_content, read_idx, write_idx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

CLASSES = 10


def make_subset(
    source: Path,
    target: Path,
    *,
    train_per_class: int = 500,
    held_out_per_class: int = 100,
    seed: int = 0,
    checksums: Mapping[str, str] = FULL_SHA256,
) -> None:
    """Write the four `.gz` files of the subset and their SHA256SUMS into `target`.

    The digits to train on come from the full training set, those held out from the full t10k set.
    Raises DataError if a file of the full set is missing or is not what `checksums` says.
    """
    files = find_files(source)
    for name, path in files.items():
        check_sha256(read_content(path), checksums[name], str(path))
    target.mkdir(parents=True, exist_ok=True)
    sums: list[str] = []
    for names, per_class in ((TRAIN, train_per_class), (HELD_OUT, held_out_per_class)):
        rows = choose(read_idx(files[names[1]]), per_class, f"{seed} {names[1]}")
        for name in names:
            made = target / f"{name}.gz"
            write_idx(made, read_idx(files[name])[rows])
            sums.append(f"{hashlib.sha256(made.read_bytes()).hexdigest()}  {made.name}\n")
    (target / "SHA256SUMS").write_text("".join(sums), encoding="ascii", newline="\n")


def choose(labels: NDArray[np.uint8], per_class: int, seed: str) -> NDArray[np.intp]:
    """Choose as many rows of each class, and shuffle them. labels: (N,).

    Returns (CLASSES * per_class,) row numbers. Raises DataError if a class has too few.
    """
    chosen: list[int] = []
    for digit in range(CLASSES):
        rows: list[int] = np.flatnonzero(labels == digit).tolist()
        if len(rows) < per_class:
            raise DataError(f"choose: expected at least {per_class} digits {digit}, got {len(rows)}. Ask for fewer.")
        chosen += sorted(rows, key=lambda row: _rank(f"{seed} choose", row))[:per_class]
    return np.array(sorted(chosen, key=lambda row: _rank(f"{seed} shuffle", row)), dtype=np.intp)


def _rank(seed: str, row: int) -> bytes:
    return hashlib.sha256(f"{seed} {row}".encode()).digest()


def main() -> None:
    """Read the command line and make the subset; leave with a message and status 1 if that cannot be done."""
    parser = argparse.ArgumentParser(description="Make the MNIST subset that ships with numpytorch.")
    parser.add_argument("folder", type=Path, help="holds the four files of the full set, .gz or not")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "mnist", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    arguments = parser.parse_args()
    try:
        make_subset(arguments.folder, arguments.to, seed=arguments.seed)
    except DataError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
