"""Kit: copies of the files of this project that a worker may import, in a folder of their own.

A copy and not the folders themselves: what is withheld is then not there, whatever way the hand-in looks for it,
and neither is what stands beside these files, such as model answers.
"""

from __future__ import annotations

import compileall
import functools
import hashlib
import os
import py_compile
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.cache import cache_folder
from autograder.sandbox.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Collection

UNRELEASED = ("numpytorch.kernels", "numpytorch.nn.conv", "numpytorch.nn.pool", "numpytorch.nn.recurrent")
"""Modules that do what the assignments ask for: students do not get them, nor the lines marked `# withheld`."""

WITHHELD = ("numpytorch.data", *UNRELEASED)
"""Modules that a worker cannot import: these, and the one that knows the digits."""

BOOTSTRAP = "autograder/sandbox/worker/bootstrap.py"
"""Where in the kit the worker's first lines are."""

_HERE = Path(__file__).resolve().parent
_PACKAGES = ("autograder", "autograder/sandbox")
_SHARED = ("messages.py", "protocol.py")


@functools.cache
def kit() -> Path:
    """Return the folder, made if it is not there: one for each content. Raises LaunchError if it cannot be."""
    content = _files() | {f"{package}/__init__.py": b"" for package in _PACKAGES}
    digest = hashlib.sha256(repr((sys.implementation.cache_tag, sorted(content.items()))).encode()).hexdigest()
    try:
        folder = cache_folder("worker") / digest[:32]
        if not folder.is_dir():
            _make(folder, content)
    except OSError as error:
        raise LaunchError(f"worker: expected a cache folder to put its files into, got {error}.") from error
    return folder.resolve()


def _files() -> dict[str, bytes]:
    """Return what each file says, by its name in the kit."""
    files = {f"autograder/sandbox/{name}": (_HERE / name).read_bytes() for name in _SHARED}
    files |= {f"autograder/sandbox/worker/{file.name}": file.read_bytes() for file in (_HERE / "worker").glob("*.py")}
    return files | sources(folder_of("numpytorch"), WITHHELD)


def sources(package: Path, without: Collection[str]) -> dict[str, bytes]:
    """Return what the Python files of a package say, by where they are from the folder that holds it.

    Some modules are left out, and so are lines that end with `# withheld`: where a package imports them.
    """
    files: dict[str, bytes] = {}
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package.parent)
        parts = name.with_suffix("").parts
        if not any(".".join(parts[:length]) in without for length in range(2, len(parts) + 1)):
            lines = file.read_bytes().splitlines(keepends=True)
            files[name.as_posix()] = b"".join(line for line in lines if not line.rstrip().endswith(b"# withheld"))
    return files


def _make(folder: Path, content: dict[str, bytes]) -> None:
    """Fill `folder`, which appears only once it is complete, with the files and their byte code."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        new = Path(made, "kit")
        for name, text in content.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(text)
        compileall.compile_dir(new, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        try:
            os.rename(new, folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise


def folder_of(package: str) -> Path:
    """Return the folder of an importable package, without importing it. Raises LaunchError if there is none."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError(f"worker: expected the package {package} to be installed, found none. Install it.")
    return Path(next(iter(spec.submodule_search_locations))).resolve()
