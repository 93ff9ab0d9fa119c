"""Reach: the files that a worker must be able to read, and no others, besides the kit.

They are the interpreter's, those of the packages that hand-ins may use, and the system's libraries that these two
load, as the system's own loader finds them.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from importlib.metadata import Distribution, PackageNotFoundError, packages_distributions
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.sandbox.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Iterable

NEEDED = ("numpy", "msgspec")
"""What the worker itself imports."""

_OWN = frozenset({"numpytorch", "autograder"})
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
# Prints where this interpreter looks for modules, and the libraries in this process once those named are loaded.
_LOADER = """
import ctypes, glob, json, os, sys

class Info(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]

own = [file for folder in sys.path for file in glob.glob(os.path.join(glob.escape(folder), "*.so"))]
for file in [*own, *sys.argv[1:], "libgcc_s.so.1"]:  # which the C library loads when a thread ends
    if not os.path.basename(file).startswith("_tkinter."):
        try:
            ctypes.CDLL(file, os.RTLD_LAZY)
        except OSError:
            pass
names = []

@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def note(info, size, data):
    names.append(os.fsdecode(info.contents.name))
    return 0

ctypes.CDLL(None).dl_iterate_phdr(note, None)
print(json.dumps([sys.path, names]))
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """Files, and folders with all in them but the `holes`: absolute, and named as they are asked for."""

    paths: tuple[Path, ...]
    holes: tuple[Path, ...]


def interpreter() -> str:
    """Return the path of the interpreter itself, not that of a virtual environment's link or launcher to it."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def packages(imports: tuple[str, ...]) -> dict[str, Path]:
    """Return the folder or file of each importable package among `imports`, and of those that these need."""
    return {
        name: place
        for name, places in _installed(imports).items()
        for place in places
        if place.name in (name, *(name + suffix for suffix in all_suffixes()))
    }


@functools.cache
def reach(imports: tuple[str, ...]) -> Reach:
    """Return what a worker must be able to read. Takes a tenth of a second the first time."""
    installed = {place for places in _installed(imports).values() for place in places}
    installed |= {code for place in installed if (code := Path(cache_from_source(str(place)))).is_file()}
    search, libraries = _loaded(sorted(_shared_objects(installed)))
    folders = [Path(folder) for folder in search if os.path.isdir(folder)]
    tops = _outermost([*folders, *installed])
    holes = [folder / name for folder in folders for name in _PACKAGE_FOLDERS if (folder / name).is_dir()]
    files = [Path(os.path.normpath(name)) for name in libraries if os.path.isabs(name)]
    extra = [Path(interpreter()), Path("/etc/ld.so.cache")]
    # Package folders within the standard library's are holes in it, and some packages may lie in there.
    outside = [file for file in (*extra, *files) if file.exists() and not any(file.is_relative_to(top) for top in tops)]
    return Reach(tuple(dict.fromkeys((*tops, *outside))), tuple(holes))


@functools.cache
def _installed(imports: tuple[str, ...]) -> dict[str, tuple[Path, ...]]:
    """Return by top-level name what belongs to each package among `imports`, and to those that these need."""
    found: dict[str, tuple[Path, ...]] = {}
    wanted = [name.partition(".")[0] for name in (*NEEDED, *imports)]
    while wanted:
        name = wanted.pop()
        if name in found or name in _OWN or name in sys.stdlib_module_names:
            continue
        found[name] = ()
        distribution = _distribution(name)
        if distribution is not None and (places := _top_level(distribution)):
            found |= dict.fromkeys(_names(places), tuple(places))
            wanted += [needed for line in distribution.requires or () if (needed := _required(line))]
        elif (spec := find_spec(name)) is not None and spec.origin:
            found[name] = tuple(map(Path, spec.submodule_search_locations or [spec.origin]))
    return found


def _loaded(objects: list[str]) -> tuple[list[str], list[str]]:
    command = [interpreter(), "-s", "-P", "-S", "-c", _LOADER, *objects]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(  # noqa: S603 (our own program)
            command, capture_output=True, stdin=subprocess.DEVNULL, env=env, timeout=60, check=True
        )
        search, names = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise LaunchError(f"worker: expected a list of the libraries that Python needs, got {error}.") from error
    return search, names


def _shared_objects(places: Iterable[Path]) -> set[str]:
    files = {str(file) for place in places if place.is_dir() for file in place.rglob("*.so")}
    return files | {str(place) for place in places if place.suffix == ".so"}


def _outermost(places: Iterable[Path]) -> list[Path]:
    """Leave out what lies within another of them, unless a package folder is between the two."""
    return [
        place
        for place in sorted(set(places))
        if not any(
            other in place.parents and not set(place.relative_to(other).parts) & set(_PACKAGE_FOLDERS)
            for other in places
        )
    ]


def _distribution(name: str) -> Distribution | None:
    """Return the installed distribution of that name, or that has an importable package of that name."""
    with suppress(PackageNotFoundError):
        return Distribution.from_name(name)
    return next(map(Distribution.from_name, packages_distributions().get(name, ())), None)


def _top_level(distribution: Distribution) -> list[Path]:
    """Return what a distribution put into its package folder: folders and modules."""
    tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    places = [Path(str(distribution.locate_file(top))) for top in sorted(tops)]
    return [place for place in places if place.exists() and place.suffix not in (".dist-info", ".pth")]


def _names(places: Iterable[Path]) -> list[str]:
    """Return the names that can be imported from there: `numpy`, `typing_extensions`, `_cffi_backend`."""
    return [name for place in places if (name := place.name.partition(".")[0]).isidentifier()]


def _required(line: str) -> str:
    """Return the name of the distribution that a line of requirements asks for; none, where it is for an extra."""
    name = re.match(r"[\w.-]+", line)
    return name[0].replace("-", "_") if name and "extra ==" not in line else ""
