"""The four files of MNIST: how they are named, where they lie, and what the full set's hold."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from numpytorch.data.idx import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PACKAGE = Path(__file__).resolve().parent

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
HELD_OUT = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

FULL_SHA256: Mapping[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of each file of the full set before compression, so that it holds for any gzip encoder."""


def find_file(folder: Path, name: str) -> Path | None:
    """Look for one file of MNIST: `name.gz` or `name`, spelled `-idx3-` or `.idx3-`. None if it is not there.

    `name.gz` comes first because a download writes it: what was just verified is what is read.
    """
    for spelling in (name, name.replace("-idx", ".idx")):
        for path in (folder / f"{spelling}.gz", folder / spelling):
            if path.is_file():
                return path
    return None


def find_files(folder: Path) -> dict[str, Path]:
    """Find the four files of MNIST. Raises one DataError that names all that are missing."""
    found = {name: find_file(folder, name) for name in (*TRAIN, *HELD_OUT)}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        got = "a folder without" if folder.is_dir() else "no folder, so none of"
        raise DataError(
            f"{folder}: expected MNIST's four files, .gz or not, got {got} {', '.join(missing)}. "
            "Name the folder that holds them, or call mnist(folder, download=True)."
        )
    return {name: path for name, path in found.items() if path is not None}


def check_sha256(content: bytes, expected: str, where: str) -> None:
    """Raise DataError if the SHA-256 of `content`, which `where` names, is not the expected one."""
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise DataError(
            f"{where}: expected content of SHA-256 {expected}, got {got} ({len(content)} bytes). "
            "This is not the full MNIST set, or it was damaged: get it from another place."
        )


def shipped_folder(package: Path = _PACKAGE) -> Path:
    """Return the folder of the subset that ships with the library.

    It lies in `package`, this one, if a wheel put it there; else the library runs from a source checkout.
    """
    installed = package / "_mnist"
    return installed if installed.is_dir() else package.parents[1] / "data" / "mnist"


def cache_folder() -> Path:
    """Return the folder of this user where a download goes if no other was named."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "numpytorch" / "mnist"
