"""Leaks: lines of what no student is to see, in what students get."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from autograder.sandbox.kit import sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from autograder.assignment import Assignment

_DISTINCTIVE = 24
"""How long a line is that tells where it is from, unless it imports something."""

_CHANCE = 3
"""So many such lines two files may share by chance: there are few ways to write a sum."""


def leaks(kit: Path, assignments: Sequence[Assignment], root: Path) -> list[str]:
    """Return what a kit has of a secret: a text for each two files that share more lines than by chance.

    Secrets are what the kit does not have of the assignments' folders and of the library; what its handouts and stubs
    say is none.
    """
    contents = {file.relative_to(kit).as_posix(): _unpacked(file) for file in sorted(kit.rglob("*")) if file.is_file()}
    told = b"\n".join(content for name, content in contents.items() if name.endswith((".md", "/assignment.py")))
    found = []
    for secret, file in _secrets(kit, assignments, root):
        lines = [line for line in dict.fromkeys(map(bytes.strip, _unpacked(file).splitlines())) if line not in told]
        lines = [line for line in lines if len(line) >= _DISTINCTIVE and not line.startswith((b"from ", b"import "))]
        for name, content in contents.items():
            shared = [line for line in lines if line in content]
            if len(shared) > min(_CHANCE, len(lines) // 2):
                found.append(
                    f"{name}: {len(shared)} lines of {secret}, among them: {shared[0].decode(errors='replace')}"
                )
    return found


def _secrets(kit: Path, assignments: Sequence[Assignment], root: Path) -> Iterator[tuple[str, Path]]:
    """Yield what stays here: its name, and the file."""
    yield from ((name, root / name) for name in sources(root / "numpytorch", ()) if not (kit / name).is_file())
    for a in assignments:
        for file in sorted(a.folder.rglob("*")):
            name = f"assignments/{a.name}/{file.relative_to(a.folder).as_posix()}"
            if file.is_file() and "__pycache__" not in file.parts and not (kit / name).is_file():
                yield name, file


def _unpacked(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content
