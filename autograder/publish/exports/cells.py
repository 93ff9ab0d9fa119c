"""Cells of tables: points as they are read and written, text that must be no formula, identifiers that were spoilt."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""What a spreadsheet would compute; and, so that `guarded` can be undone, what it made of such text."""

_POINTS = re.compile(r"\d+(?:[.,]\d+)?")


def written(points: float | None) -> str:
    """Write points so that they come back as they are, no digit cut; nothing for none."""
    return "" if points is None else repr(float(points)).removesuffix(".0")


def points_in(text: str) -> float | None:
    """Read points, with a decimal point or comma; None if they are none."""
    return float(text.strip().replace(",", ".")) if _POINTS.fullmatch(text.strip()) else None


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
