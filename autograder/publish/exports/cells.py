"""Cells that a spreadsheet cannot mistake for a formula, and identifiers that one has mistaken for a number."""

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


def mangled(text: str, original: str) -> bool:
    """Whether a text is what a spreadsheet makes of an identifier: zeros lost, `.0` added, or as 1.23E+05."""
    plain = text.removesuffix(".0").removesuffix(",0")
    exponent = re.fullmatch(r"\d([.,]\d+)?E\+?\d+", text.upper()) is not None
    return text != original and (plain == (original.lstrip("0") or "0") or (exponent and original.isdecimal()))
