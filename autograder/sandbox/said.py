"""What a worker says in words of ours, known here too: it answers in English, and the student is told in another.

What the worker and the harnesses put a name into is below; what stubs and harnesses raise as it stands is in the
catalogue as it stands. Anything else is the hand-in's, Python's or the library's, and stays as it came.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autograder.words import N_, _

if TYPE_CHECKING:
    from autograder.sandbox.errors import StudentError

_SENTENCES = (
    N_("expected a class {name} in the hand-in, got none. Define it, with that name."),
    N_("expected {name} in the hand-in, got nothing. Define it, with that name."),
    N_("expected a Tensor to differentiate, got {name}. Return the Tensor itself."),
    N_("expected the model to return a Tensor, got {name}. Return the logits."),
    N_(
        "expected a Tensor at {name}, where there was one before, got none. Create weights in __init__ and leave them "
        "on their attributes."
    ),
)
_PATTERNS = {
    sentence: re.compile("(?P<name>.*)".join(map(re.escape, sentence.split("{name}")))) for sentence in _SENTENCES
}


def last_line(error: StudentError) -> str:
    """Return the line of the hand-in where an exception was raised, in words; its text if there is none."""
    if not error.frames:
        return error.message
    last = error.frames[-1]
    return _("line {line}: {text}", line=last.line, text=f"`{last.text}`")


def translated(text: str) -> str:
    """Return a worker's text in the language of the run, where it is one of ours."""
    for sentence, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(text):
            return _(sentence, name=match["name"])
    return _(text)
