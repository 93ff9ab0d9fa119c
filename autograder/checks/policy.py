"""Which modules a hand-in may use: read from its source, which is not run for it."""

from __future__ import annotations

import ast
import sys
from types import ModuleType
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
        tree = parsed(submission.source)
    except (SyntaxError, ValueError) as error:
        raise Failed(
            _("Expected Python source, got a syntax error: {error}.", error=error), hint=_("Run the file with Python.")
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


def parsed(source: str) -> ast.Module:
    """Parse; raise SyntaxError or ValueError as `ast.parse` does, and Failed if it is nested too deeply for that.

    The worker, whose stack is shallower, may still run such a source: what is not seen here is not to be believed.
    """
    try:
        return ast.parse(source)
    except (RecursionError, MemoryError):
        raise Failed(
            _("Expected Python source that can be parsed, got one that is nested too deeply."),
            hint=_("Write the long expression as several statements."),
        ) from None


def does_it_itself(submission: Submission, library: str, allowed: Collection[str]) -> None:
    """Raise Failed if the source imports more of `library` than is allowed, or calls backward().

    For checks of what the library could do in the hand-in's place. A syntax error is another's matter.
    """
    try:
        tree = parsed(submission.source)
    except (SyntaxError, ValueError):
        return
    found = [
        (line, what)
        for line, what in _violations(tree, allowed)
        if f"{library}." in what or f" {library}" in what or not what.startswith(("import ", "from "))
    ]
    found += _ways_round(tree)
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


def _ways_round(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield what differentiates by the library, and what leads to it without its name: `getattr`, `__globals__`."""
    rules = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and any(_name(m) == "f_d" for m in n.body)]
    within = {id(node) for rule in rules for node in ast.walk(rule)}
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.Lambda)]
    later = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        name = _name(node)
        literal = isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
        match node:
            case ast.Attribute(attr="grad_fn") if id(node) in within or id(node) not in later:
                yield node.lineno, ".grad_fn"  # of the library's own result, it is the library's rule
            case ast.Attribute() if name == "backward" or name in _REACHES:
                yield node.lineno, f".{name}"
            case ast.Name() if name in _REACHES:
                yield node.lineno, name
            case ast.Call(func=ast.Name(id="getattr")) if not literal or ast.unparse(node.args[1]) in _HIDDEN:
                yield node.lineno, "getattr"
            case ast.MatchClass(kwd_attrs=names) if "backward" in names:
                yield node.lineno, "backward="
            case ast.Import() | ast.ImportFrom():
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                modules += [alias.name for alias in node.names]
                yield from ((node.lineno, f"import {m}") for m in modules if m.split(".")[0] in _REACHES)


_REACHES = {"__globals__", "__dict__", "__subclasses__", "__builtins__", "__code__", "__closure__", "__getattribute__"}
_REACHES |= {"__mro__", "__bases__", "__base__", "f_globals", "f_back", "attrgetter", "methodcaller", "vars", "globals"}
_REACHES |= {"locals", "modules", "_getframe", "meta_path", "builtins", "ctypes", "gc", "importlib", "inspect"}
_REACHES |= {"marshal", "pickle", "pkgutil", "runpy", "zipimport"}
_HIDDEN = {repr(name) for name in ("backward", "grad_fn", *_REACHES)}


def _name(node: ast.AST) -> str:
    """Return the name that a node reads or defines; "" if it has none."""
    for field in ("id", "attr", "name"):
        if isinstance(name := getattr(node, field, None), str):
            return name
    return ""


def _violations(tree: ast.AST, allowed: Collection[str]) -> Iterator[tuple[int, str]]:
    called = _names_of_modules(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not _is_allowed(alias.name, allowed):
                    yield node.lineno, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = [f"{module}.{alias.name}" for alias in node.names]
            fits = _is_allowed(module, allowed) or all(_is_allowed(n, allowed) for n in names)
            if not fits or any(_is_withheld(n) or _is_other_module(n, allowed) for n in names):
                yield node.lineno, f"from {module} import {', '.join(alias.name for alias in node.names)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FORBIDDEN_CALLS:
            yield node.lineno, node.func.id
        elif isinstance(node, ast.Name) and node.id in ("__builtins__", "__loader__", "__spec__"):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            if first in called and _is_other_module(".".join([called[first], *rest]), allowed):
                yield node.lineno, ast.unparse(node)


def _names_of_modules(tree: ast.AST) -> dict[str, str]:
    """Return what a source calls the modules that it imports, and their names: {"np": "numpy"}."""
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in imports}


def _is_other_module(name: str, allowed: Collection[str]) -> bool:
    """Whether it is a module that an allowed one has imported for itself, such as `dataclasses.sys`."""
    module, _, attribute = name.rpartition(".")
    found = getattr(sys.modules.get(module), attribute, None)
    return isinstance(found, ModuleType) and not _is_allowed(found.__name__, allowed)


def _is_allowed(module: str, allowed: Collection[str]) -> bool:
    return any(module == a or module.startswith(a + ".") for a in allowed) and not _is_withheld(module)


def _is_withheld(module: str) -> bool:
    """Whether a module holds what students are to write (fast layers and their kernels), or labels."""
    return any(module == w or module.startswith(w + ".") for w in WITHHELD)
