"""What filling in a platform's file comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Change(NamedTuple):
    """A score that would become another. before: None if there is none."""

    student: str
    before: float | None
    after: float


@dataclass(frozen=True, slots=True)
class Filled:
    """A file to upload.

    column: what it fills in. changes: what it would do. notes: who is left as they are, and why.
    """

    content: bytes
    column: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
