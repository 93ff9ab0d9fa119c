"""Putting a kit where it is to be: into a new folder, or over an earlier kit, whose changed files are left alone.

`KIT.sha256` lists what a kit is made of, as `sha256sum` does. A file that is not as it says was changed by whoever has
the kit, and is theirs.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autograder.release.kit import ReleaseError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MANIFEST = "KIT.sha256"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_MINE = frozenset({".git"})
"""What may lie in a folder that is new otherwise: a repository that the kit is to go into."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What became of each file: written, as it was, changed by its owner and left so, or removed with its kit."""

    written: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def read_manifest(folder: Path) -> dict[str, set[str]]:
    """Return the SHA-256 of each file that a kit was made of: two, where an update was cut short.

    None of a folder that is new. Raises ReleaseError if it holds something else than a kit.
    """
    if not folder.is_dir() and (folder.exists() or folder.is_symlink()):
        raise ReleaseError(_("--to: expected a folder, got {folder}, which is none.", folder=folder))
    if not folder.exists() or {entry.name for entry in folder.iterdir()} <= _MINE:
        return {}
    try:
        lines = (folder / MANIFEST).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = ["?"]
    found: dict[str, set[str]] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or not _is_within(match[2]):
            raise ReleaseError(
                _(
                    "--to: expected a new folder, or that of an earlier kit with its {manifest}, got {folder}, which "
                    "holds other things. Name another one.",
                    manifest=MANIFEST,
                    folder=folder,
                )
            )
        found.setdefault(match[2], set()).add(match[1])
    return found


def install(kit: Path, folder: Path) -> Installed:
    """Bring `folder` to the state of the kit at `kit`, but for what its owner changed in it.

    Cut short, it can be done again. Raises ReleaseError if `folder` holds something else, or a link where a file goes.
    """
    before = read_manifest(folder)
    new = {f.relative_to(kit).as_posix(): f.read_bytes() for f in sorted(kit.rglob("*")) if f.is_file()}
    now = {name: {_sha256(content)} for name, content in new.items()}
    there = {name: _there(folder, name) for name in sorted(before.keys() | new.keys())}
    written = [n for n in new if there[n] is None or (there[n] in before.get(n, ()) and there[n] not in now[n])]
    removed = [n for n in before.keys() - new.keys() if there[n] in before[n]]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / MANIFEST, _manifest({n: now.get(n, set()) | before.get(n, set()) for n in there}))
    for name in written:
        _write(folder / name, new[name])
    for name in removed:
        (folder / name).unlink()
        _remove_empty(folder, (folder / name).parent)
    _write(folder / MANIFEST, _manifest(now))
    same = [n for n in new if there[n] in now[n]]
    kept = [n for n in there if there[n] is not None and n not in {*written, *removed, *same}]
    return Installed(tuple(written), tuple(same), tuple(kept), tuple(sorted(removed)))


def _is_within(name: str) -> bool:
    """Whether a name from a manifest stays within its folder, also on Windows."""
    return name == PurePosixPath(name).as_posix() and not re.search(r"(^|/)\.\.(/|$)|^/|[\\:]", name)


def _there(folder: Path, name: str) -> str | None:
    """Return the SHA-256 of a file of the folder; None if there is none. Raises ReleaseError for a link on the way."""
    file = folder / name
    for place in (file, *file.parents[: len(PurePosixPath(name).parts) - 1]):
        wrong = place.is_symlink() or (place.exists() and place.is_dir() is (place == file))
        if wrong:
            raise ReleaseError(
                _("--to: expected to write {file}, got something else at {place}.", file=file, place=place)
            )
    return _sha256(file.read_bytes()) if file.exists() else None


def _manifest(files: Mapping[str, Iterable[str]]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name in sorted(files) for digest in sorted(files[name])).encode()


def _write(file: Path, content: bytes) -> None:
    """Write a file that is whole whenever it is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(content)
    os.replace(part, file)


def _remove_empty(folder: Path, place: Path) -> None:
    while place != folder and not any(place.iterdir()):
        place.rmdir()
        place = place.parent


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
