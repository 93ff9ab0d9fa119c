"""Words: every text that a student sees, looked up in one catalogue, in the language of the run.

    _("expected an output of shape {expected}, got {got}.", expected=(2, 3), got=(3, 2))

The English text is the key; the catalogue lies in `autograder/locale`. What has no translation stays English.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = ("en", "ko")
_FOLDER = Path(__file__).resolve().parent / "locale"
_language: ContextVar[str] = ContextVar("language", default="en")


def _(message: str, /, **values: object) -> str:
    """Return `message` in the language of the run, with `values` put in where it says `{name}`."""
    translated = _catalogue(_language.get()).gettext(message) if message else ""  # "" is where gettext has its header
    return translated.format(**values) if values else translated


def N_(message: str) -> str:  # noqa: N802 (gettext's name for it)
    """Mark a text for the catalogue, and return it as it is: `_` translates it where it is shown."""
    return message


@contextmanager
def language(name: str) -> Iterator[None]:
    """Speak one of LANGUAGES within this context. Raises ValueError for another."""
    if name not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {name!r}.")
    token = _language.set(name)
    try:
        yield
    finally:
        _language.reset(token)


def current_language() -> str:
    """Return the language of the run."""
    return _language.get()


def system_language() -> str:
    """Return the language that the system is set to, if it is one of LANGUAGES; else English."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    if not named:
        named = locale.getlocale()[0] or ""
    return "ko" if re.match(r"(ko|korean)(?![a-z])", named.lower()) else "en"  # Windows may say Korean_Korea


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    return gettext.translation("autograder", _FOLDER, [name], fallback=True)
