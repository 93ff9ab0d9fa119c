"""Rendering templates: whatever is printed is escaped, and what cannot be seen is made visible.

A template prints text of hand-ins as `{{ text }}`, and nothing more is needed: no value reaches a page as markup, and
no page lets anything run that is not ours, by its Content-Security-Policy.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.gradebook.tables import points
from autograder.words import _, current_language

if TYPE_CHECKING:
    from datetime import datetime

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, *, script: str = "", **values: object) -> str:
    """Render a template in the language of the run.

    script: the one file that may run in the page. Raises UndefinedError for a value that the template misses.
    """
    return _environment().get_template(template).render(language=current_language(), script=script, **values)


def visible(text: str) -> str:
    """Return `text` with each control, bidirectional or other invisible character written out, as in ‹U+202E›."""
    return text if text.isprintable() else "".join(map(_seen, text.replace("\r\n", "\n")))


def _seen(character: str) -> str:
    if character.isprintable() or character in "\n\t\u00a0\u3000":
        return character
    return f"‹U+{ord(character):04X}›"


def prose(text: str) -> list[tuple[bool, str]]:
    """Split a message where it has code `in backticks`: pairs of whether this is code, and the text."""
    return [(i % 2 == 1, part) for i, part in enumerate(re.split(r"`([^`\n]+)`", text)) if part]


def slug(text: str) -> str:
    """Return a name for an element of a page, from the id of a check."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)


def moment(time: datetime) -> str:
    """Write a time, with its zone."""
    return f"{time:%Y-%m-%d %H:%M %Z}"


def number(value: float) -> str:
    """Write a number to four digits."""
    return f"{value:.4g}".replace("-", "−")


def _asset(name: str) -> Markup:
    """Return a style sheet or script of ours, as it stands in a page."""
    return Markup(_text(name))  # noqa: S704 (a file of this package)


def _policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy of a page: a style sheet and at most one script, by their hashes."""
    allowed = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _hash(style),
        "script-src": _hash(script) if script else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def _hash(name: str) -> str:
    digest = hashlib.sha256(_text(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _text(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _finalize(value: Any) -> Any:
    """Make what a template prints visible; what is markup of ours stays."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(_=_, asset=_asset, policy=_policy)
    made.filters.update(slug=slug, prose=prose, points=points, moment=moment, number=number)
    return made
