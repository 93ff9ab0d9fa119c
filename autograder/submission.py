"""Submission: what a student handed in, read as text and never imported."""

from __future__ import annotations

import hashlib
import io
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable

HAND_IN = "assignment.py"
"""The file that is graded, where a folder is handed in."""

MAX_BYTES = 1 << 20


class SubmissionError(ValueError):
    """A hand-in that cannot be read. The message is written for the person who handed it in."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One hand-in.

    path: the file that was read.
    sha256: the hash of its bytes, in hexadecimal: two hand-ins are the same if and only if this is.
    source: its text, with newlines as `\\n`.
    """

    path: Path
    sha256: str
    source: str


def read_submission(path: str | Path) -> Submission:
    """Read the hand-in at `path`: a Python file, a folder that holds `assignment.py`, or an archive of one of them.

    Neither imports nor compiles it: a syntax error is for the checks to report. An empty file is a hand-in.
    Raises SubmissionError if there is none, or if it is a symbolic link, not a regular file, not named
    `*.py`, larger than 1 MiB, not text in the encoding that it declares (PEP 263), or holds NUL bytes; and an archive
    for what `handins.archive.unpack` refuses.
    """
    from autograder.handins.archive import MAX_PACKED, is_archive, unpack  # they build on this module
    from autograder.handins.pick import pick

    file = _find(Path(path), is_archive)
    if not is_archive(file.name):
        return submission_from_bytes(_read(file, MAX_BYTES), file)
    return submission_from_bytes(pick(unpack(_read(file, MAX_PACKED), str(file)), str(file), unpacked=True), file)


def submission_from_bytes(content: bytes, path: Path) -> Submission:
    """Make a submission of the bytes of a Python file, from `path`. Raises SubmissionError if they are not its text."""
    return Submission(path, hashlib.sha256(content).hexdigest(), _decode(path, content))


def _find(path: Path, is_archive: Callable[[str], bool]) -> Path:
    """Return the file to grade; follow no symbolic link, which could point at anything the grader can read."""
    file = path / HAND_IN if path.is_dir() and not path.is_symlink() else path
    try:
        mode = file.lstat().st_mode
    except FileNotFoundError:
        if file is not path:
            raise SubmissionError(
                _("{path}: expected a folder that holds {name}, found none in it.", path=path, name=HAND_IN)
            ) from None
        raise SubmissionError(_("{path}: expected a file or a folder, found nothing there.", path=path)) from None
    except OSError as error:
        raise SubmissionError(_("{path}: could not be looked at ({why}).", path=file, why=error.strerror)) from error
    if stat.S_ISLNK(mode):
        raise SubmissionError(
            _("{path}: expected a regular file, got a symbolic link. Hand in the file itself.", path=file)
        )
    if not stat.S_ISREG(mode):
        raise SubmissionError(_("{path}: expected a regular file, got something else of that name.", path=file))
    if file.suffix != ".py" and not is_archive(file.name):
        raise SubmissionError(
            _(
                "{path}: expected a Python file, named *.py, or a folder, zip or tar file that holds {name}.",
                path=file,
                name=HAND_IN,
            )
        )
    return file


def _read(file: Path, limit: int) -> bytes:
    """Return the bytes of `file`, never more than the limit, whatever size it claims to have."""
    try:
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise SubmissionError(_("{path}: could not be read ({why}).", path=file, why=error.strerror)) from error
    if len(content) > limit:
        raise SubmissionError(_("{path}: expected at most {limit} bytes, got more.", path=file, limit=limit))
    return content


def _decode(file: Path, content: bytes) -> str:
    """Return the text of `content`, as Python itself would decode it (what `tokenize.open` does)."""
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise SubmissionError(
            _(
                "{path}: expected text, got a NUL byte on line {line}. Save it again as UTF-8 text.",
                path=file,
                line=line,
            )
        )
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        source = io.TextIOWrapper(io.BytesIO(content), encoding).read()
        source.encode()  # some encodings can say what is no text: half a character
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise SubmissionError(
            _(
                "{path}: expected text in UTF-8, or in the encoding that its first lines declare, got bytes that are "
                "not ({error}). Save it again as UTF-8.",
                path=file,
                error=error,
            )
        ) from error
    return source
