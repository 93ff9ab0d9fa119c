"""Which of a hand-in's files is graded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.handins.archive import MAX_PACKED, is_archive, unpack
from autograder.submission import HAND_IN, MAX_BYTES, SubmissionError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.handins.entry import Entry

_SHOWN = 5


def pick(files: Sequence[Entry], origin: str, *, unpacked: bool = False) -> bytes:
    """Return the bytes of the one file to grade: `assignment.py`, else the only Python file there is.

    Where there is no Python file but one archive, its files count instead; an archive within it is not opened.
    Raises SubmissionError, with `origin`, which names what there is.
    """
    files = [file for file in files if not file.junk]
    python = [file for file in files if file.name.endswith(".py")]
    chosen = _highest([file for file in python if file.name.lower() == HAND_IN]) or python
    if len(chosen) == 1:
        return chosen[0].read(MAX_BYTES)
    for file in chosen or files:
        if file.refusal:
            return file.read(0)  # raises, and says why
    archives = [file for file in files if is_archive(file.name)]
    if not chosen and len(archives) == 1 and not unpacked:
        archive = archives[0]
        return pick(unpack(archive.read(MAX_PACKED), archive.origin), archive.origin, unpacked=True)
    raise SubmissionError(_expected_one(chosen or files, origin))


def _highest(files: Sequence[Entry]) -> list[Entry]:
    """Return those under the fewest folders."""
    least = min((len(file.path) for file in files), default=0)
    return [file for file in files if len(file.path) == least]


def _expected_one(files: Sequence[Entry], origin: str) -> str:
    if not files:
        return _("{path}: expected {name}, got no file at all.", path=origin, name=HAND_IN)
    names = [file.origin.removeprefix(f"{origin}/") for file in files]
    shown = ", ".join(names[:_SHOWN])
    if len(names) > _SHOWN:
        shown = _("{names} and {count} more", names=shown, count=len(names) - _SHOWN)
    if files[0].name.endswith(".py"):
        return _(
            "{path}: expected one Python file, or one named {name}, got {names}. Name the one to grade {name}.",
            path=origin,
            name=HAND_IN,
            names=shown,
        )
    return _(
        "{path}: expected a Python file, got {names}. Hand in {name}: a notebook must be saved as a Python file, and "
        "of archives only zip and tar files are opened.",
        path=origin,
        name=HAND_IN,
        names=shown,
    )
