"""Which modules a hand-in may use: read from its source, which is not run for it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from autograder.checks.api import Failed, Passed
from autograder.checks.causes import Cause
from autograder.sandbox.kit import WITHHELD
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from autograder.submission import Submission

_FORBIDDEN_CALLS = {"__import__", "eval", "exec", "compile", "open", "input", "breakpoint"}


def only_allowed_imports(submission: Submission, allowed: Collection[str]) -> Passed:
    """Raise Failed if the source imports what is not allowed, or calls what could reach around that."""
    try:
        tree = ast.parse(submission.source)
    except (SyntaxError, ValueError) as error:
        raise Failed(
            _("Expected Python source, got a syntax error: {error}.", error=error), hint=_("Run the file with Python.")
        ) from None
    except (RecursionError, MemoryError):
        raise Failed(
            _("Expected Python source that can be parsed, got one that is nested too deeply."),
            hint=_("Write the long expression as several statements."),
        ) from None
    found = sorted(set(_violations(tree, allowed)))
    if found:
        line, what = found[0]
        others = _(" ({count} more such places)", count=len(found) - 1) if len(found) > 1 else ""
        raise Failed(
            _(
                "Line {line}: expected nothing but the allowed modules and plain computing, got `{what}`{others}.",
                line=line,
                what=what,
                others=others,
            ),
            hint=_(
                "You may import {modules}: what is asked for can be written with these.",
                modules=", ".join(sorted(allowed)),
            ),
            cause=Cause.IMPORTS,
            evidence={"found": [list(f) for f in found], "allowed": sorted(allowed)},
        )
    return Passed(_("Only allowed modules are imported."))


def does_it_itself(submission: Submission, library: str, allowed: Collection[str]) -> None:
    """Raise Failed if the source imports more of `library` than is allowed, or calls backward().

    For checks of what the library could do in the hand-in's place. Source that cannot be parsed is another's matter.
    """
    try:
        tree = ast.parse(submission.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    found = [
        (line, what) for line, what in _violations(tree, allowed) if f"{library}." in what or f" {library}" in what
    ]
    found += [
        (node.lineno, ".backward")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "backward"
    ]
    if found:
        line, what = min(found)
        raise Failed(
            _("Line {line}: expected this to be written, not left to the library, got `{what}`.", line=line, what=what),
            hint=_(
                "Of {library}, you may import {names}.",
                library=library,
                names=", ".join(sorted(a for a in allowed if a.startswith(library))),
            ),
            cause=Cause.IMPORTS,
            evidence={"found": [list(f) for f in found]},
        )


def _violations(tree: ast.AST, allowed: Collection[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not _is_allowed(alias.name, allowed):
                    yield node.lineno, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = [f"{module}.{alias.name}" for alias in node.names]
            fits = _is_allowed(module, allowed) or all(_is_allowed(n, allowed) for n in names)
            if not fits or any(_is_withheld(n) for n in names):
                yield node.lineno, f"from {module} import {', '.join(alias.name for alias in node.names)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FORBIDDEN_CALLS:
            yield node.lineno, node.func.id
        elif isinstance(node, ast.Name) and node.id in ("__builtins__", "__loader__", "__spec__"):
            yield node.lineno, node.id


def _is_allowed(module: str, allowed: Collection[str]) -> bool:
    return any(module == a or module.startswith(a + ".") for a in allowed) and not _is_withheld(module)


def _is_withheld(module: str) -> bool:
    """Whether a module holds what students are to write (fast layers and their kernels), or labels."""
    return any(module == w or module.startswith(w + ".") for w in WITHHELD)
