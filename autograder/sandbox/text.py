"""Make text from a hand-in safe to show: in a terminal, in a log, on a page."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_CUT = " [...] "


def clean(text: str, limit: int) -> str:
    """Return `text` without terminal escapes, control, format and surrogate characters, cut in the middle.

    Newlines and tabs stay. The result has at most `limit` characters: the beginning and the end, which
    say what happened and where, with a mark between them.
    """
    # A first cut: what follows walks over each character, and a hostile text may be very long.
    text = _shorten(text, 4 * limit)
    text = _ESCAPE.sub("", text.replace("\r\n", "\n"))
    return _shorten("".join(map(_visible, text)), limit)


def clean_line(text: str, limit: int) -> str:
    """Return `text` as `clean` does, on one line, with no white space around it."""
    return _shorten(" ".join(clean(text, limit).split()), limit)


def _visible(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return " " if character.isspace() else ""


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    kept = max(limit - len(_CUT), 0)
    tail = kept // 2
    return text[: kept - tail] + _CUT[: limit - kept] + text[len(text) - tail :]
