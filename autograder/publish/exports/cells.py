"""Cells that a spreadsheet cannot mistake for a formula."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""What a spreadsheet would compute; and, so that `guarded` can be undone, what it made of such text."""


def guarded(text: str) -> str:
    """Return text that begins with none of = + - @ tab and newline, an apostrophe before it if it did."""
    return f"'{text}" if _FORMULA.match(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would compute the text."""
    return text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}
