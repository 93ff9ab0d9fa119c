"""Keys: what a result was reached with, as hashes. Equal keys, equal verdicts: only what is stale is graded again."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import numpytorch
from numpytorch.data.files import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograder.assignment import Assignment

_GRADER = Path(__file__).resolve().parents[1]
_LIBRARY = Path(numpytorch.__file__).resolve().parent
_NOT_OF_VERDICTS = frozenset({"cores"})
"""What `runner.environment` says of the machine that moves no verdict."""


class Key(msgspec.Struct, frozen=True):
    """What a result was reached with: four SHA-256 in hexadecimal, and the seed of every random choice."""

    hand_in: str
    assignment: str
    grader: str
    environment: str
    seed: int

    def changed(self, other: Key) -> tuple[str, ...]:
        """Name the parts in which the two differ, in the order of the fields."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) != getattr(other, name))


@functools.cache
def grader_sha256() -> str:
    """Hash the source that verdicts come from, and the checksums of the images that ship."""
    files = [("numpytorch", _LIBRARY, f) for f in _LIBRARY.rglob("*.py")]
    for part in ("checks", "sandbox"):
        files += [("autograder", _GRADER, f) for f in (_GRADER / part).rglob("*.py")]
    files += [("autograder", _GRADER, _GRADER / f"{n}.py") for n in ("assignment", "runner", "submission", "verdict")]
    named = [(f"{package}/{file.relative_to(root).as_posix()}", file) for package, root, file in files]
    return _hashed((name, _text(file)) for name, file in [*named, ("mnist", shipped_folder() / "SHA256SUMS")])


def assignment_sha256(assignment: Assignment) -> str:
    """Hash what verdicts come from in an assignment's folder: its settings and its Python files.

    The stub, the handouts, what is handed out and the points of written parts have no say in a verdict.
    """
    settings = msgspec.json.encode(msgspec.structs.replace(assignment.config, written=(), released=()))
    sources = [f for f in assignment.folder.glob("*.py") if f != assignment.stub]
    return _hashed([("assignment.toml", settings), *((f.name, _text(f)) for f in sources)])


def environment_sha256(environment: Mapping[str, str], sandbox: str) -> str:
    """Hash what can move a verdict, of `runner.environment()`: see `relevant`; and the tier of the sandbox."""
    said = {**relevant(environment), "sandbox": sandbox}
    return _hashed((name, value.encode()) for name, value in said.items())


def relevant(environment: Mapping[str, str]) -> dict[str, str]:
    """Return of `runner.environment()` what can move a verdict: versions, the kind of system and of processor."""
    said = {name: value for name, value in environment.items() if name not in _NOT_OF_VERDICTS}
    if "system" in said:
        said["system"] = said["system"].partition(" ")[0]  # its release has no say
    return said


def _text(file: Path) -> bytes:
    """Read a source; how a checkout ends its lines is no difference."""
    return file.read_bytes().replace(b"\r\n", b"\n")


def _hashed(parts: Iterable[tuple[str, bytes]]) -> str:
    """Hash named contents, in the order of the names. Lengths go in, so that nothing moves between two of them."""
    total = hashlib.sha256()
    for name, content in sorted(parts):
        total.update(f"{len(name.encode())} {len(content)} {name}\n".encode())
        total.update(content)
    return total.hexdigest()
