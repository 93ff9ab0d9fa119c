"""What a worker says in words of ours, known here too: it answers in English, and the student is told in another.

What the worker, the harnesses and the library put values into is below, the library's as far as reports show it often;
what stubs and harnesses raise as it stands is in the catalogue as it stands. Anything else is the hand-in's, Python's
or NumPy's, and stays as it came.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

from autograder.words import N_, _

if TYPE_CHECKING:
    from autograder.sandbox.errors import StudentError

SENTENCES = (
    # the worker and the harnesses
    N_("expected a class {name} in the hand-in, got none. Define it, with that name."),
    N_("expected {name} in the hand-in, got nothing. Define it, with that name."),
    N_(
        "{name}: expected a kernel, a function under @cuda.jit, got {got}. Return the kernel itself: the grader "
        "launches it."
    ),
    N_("expected a Tensor to differentiate, got {name}. Return the Tensor itself."),
    N_("expected the model to return a Tensor, got {name}. Return the logits."),
    N_(
        "expected a Tensor at {name}, where there was one before, got none. Create weights in __init__ and leave them "
        "on their attributes."
    ),
    # rules
    N_(
        "{rule}.f_d: expected a tuple of {count} gradient(s), one a parent, got {got}. Return a tuple, also for one "
        "parent: `return (dx,)`."
    ),
    N_(
        "{rule}.f_d: expected {count} gradient(s), one for each parent given to super().__init__, got {got}. Return "
        "them in the order of the parents, None where there is none."
    ),
    N_(
        "{rule}.f_d: expected an array as gradient of the parent of shape {shape}, got {got}. Return NumPy arrays: "
        "use `.arr` of a Tensor."
    ),
    N_(
        "{rule}.f_d: expected a gradient of shape {shape}, that of its parent (or one that broadcasts from it), got "
        "{got}. Check the axes the rule sums over."
    ),
    N_(
        "{rule}.f_d: expected a rule f_d(self, *parents, y), got none. Define it to return one gradient array a parent."
    ),
    N_(
        "{rule}: expected Tensors as parents in super().__init__(...), got {got}. Pass only the Tensors, and keep "
        "anything else as an attribute of its own."
    ),
    # the graph
    N_(
        "backward: expected a Tensor computed from one that requires a gradient, got one with requires_grad=False. "
        "Make the inputs nn.Parameter or Tensor(..., requires_grad=True), and compute with Tensor operations: reading "
        "`.arr` or building a new Tensor from an array cuts the graph."
    ),
    N_(
        "{kind}: expected a Tensor that requires no gradient, got one that does, which a number cannot carry. Assign "
        "into a Tensor (out = npt.zeros(...); out[i] = t), or take `.item()` if no gradient is to flow."
    ),
    N_(
        "np.asarray: expected values without a graph, got a Tensor that requires a gradient, which an array cannot "
        "carry. Compute with Tensor operations (npt.stack joins a list of Tensors), or take `.arr` if no gradient is "
        "to flow."
    ),
    N_(
        "backward: {rule} needs the value of a tensor of shape {shape} as it was in the forward pass (version {born}), "
        "but it has been overwritten since (version {now}), by item assignment, an in-place operator, or `.arr = ...` "
        "(an optimizer's step). Assign before you use the value, write to a `.copy()`, or build the result with "
        "npt.stack; after step(), run forward again."
    ),
    # shapes
    N_("{function}: expected shapes that broadcast together, got {left} and {right}."),
    N_("reshape: expected a shape with {size} entries (those of {shape}), got {got}."),
    N_(
        "matmul: expected (..., M, K) @ (..., K, N), got {left} @ {right}. The last axis of the left operand must be "
        "as long as the last but one of the right."
    ),
)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = Formatter().parse(sentence)
    return re.compile("".join(re.escape(text) + (f"(?P<{name}>.*)" if name else "") for text, name, _f, _c in parts))


_PATTERNS = {sentence: _pattern(sentence) for sentence in SENTENCES}


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
            return _(sentence, **match.groupdict())
    return _(text)
