"""Submission: what a student handed in, read as text and never imported."""

from __future__ import annotations

import hashlib
import io
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path

from autograder.words import _

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
    """Read the hand-in at `path`: a Python file, or a folder that holds `assignment.py`.

    Neither imports nor compiles it: a syntax error is for the checks to report. An empty file is a hand-in.
    Raises SubmissionError if there is none, or if it is a symbolic link, not a regular file, not named
    `*.py`, larger than 1 MiB, not text in the encoding that it declares (PEP 263), or holds NUL bytes.
    """
    file = _find(Path(path))
    content = _read(file)
    return Submission(file, hashlib.sha256(content).hexdigest(), _decode(file, content))


def _find(path: Path) -> Path:
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
    if file.suffix != ".py":
        raise SubmissionError(
            _("{path}: expected a Python file, named *.py, or a folder that holds {name}.", path=file, name=HAND_IN)
        )
    return file


def _read(file: Path) -> bytes:
    """Return the bytes of `file`, never more than the limit, whatever size it claims to have."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SubmissionError(_("{path}: could not be read ({why}).", path=file, why=error.strerror)) from error
    if len(content) > MAX_BYTES:
        raise SubmissionError(
            _("{path}: expected at most {limit} bytes of source, got more.", path=file, limit=MAX_BYTES)
        )
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
