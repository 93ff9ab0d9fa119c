"""Syntax: what stands around a place in a hand-in, read from its text, which is not run for it."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from autograder.sandbox.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.sandbox import Place

_MOST_CHARACTERS = 100


class Excerpt(NamedTuple):
    """A stretch of the source, on one line, and where it begins."""

    line: int
    text: str


def statement_at(source: str, place: Place) -> Excerpt | None:
    """Return the statement that holds a place, if it is a simple one: no loop, no definition."""
    found = None
    for node in _around(source, place.line):
        if isinstance(node, ast.stmt):
            found = node
    simple = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Return
    return _excerpt(source, found) if isinstance(found, simple) else None


def condition_at(source: str, place: Place, word: str) -> Excerpt | None:
    """Return the innermost condition around a place that reads an attribute of that name."""
    found = None
    for node in _around(source, place.line):
        if isinstance(node, ast.If | ast.IfExp) and _reads(node.test, word):
            found = node.test
    return _excerpt(source, found)


def context_at(source: str, place: Place, word: str) -> Excerpt | None:
    """Return the innermost `with`, or decorator, around a place that calls something of that name."""
    found = None
    for node in _around(source, place.line):
        if isinstance(node, ast.With):
            found = next((item.context_expr for item in node.items if _reads(item.context_expr, word)), found)
        elif isinstance(node, ast.FunctionDef):
            found = next((decorator for decorator in node.decorator_list if _reads(decorator, word)), found)
    return _excerpt(source, found)


def super_call(source: str, cls: str) -> Excerpt | None:
    """Return the call of `super().__init__` in a class of that name."""
    for owner in _classes(source, cls):
        for node in ast.walk(owner):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
                return _excerpt(source, node)
    return None


def attribute_made(source: str, path: str, cls: str = "") -> Excerpt | None:
    """Return where the attribute that leads to a Tensor is first assigned, by the Tensor's path in an object.

    cls: the class to look in; without it, in all, and None if several assign such an attribute.
    """
    name = path.split("[", 1)[0].rpartition(".")[2]
    found = []
    for owner in _classes(source, cls):
        made = [node for node in ast.walk(owner) if name in _assigned(node)]
        found += sorted(made, key=lambda node: node.lineno)[:1]  # type: ignore[attr-defined] # statements have lines
    return _excerpt(source, found[0]) if len(found) == 1 else None


@lru_cache(maxsize=8)
def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _around(source: str, line: int) -> Iterator[ast.AST]:
    """Yield the nodes that hold a line, outer ones first."""
    nodes: list[ast.AST] = [_tree(source)]
    while nodes:
        inner = []
        for node in nodes:
            for child in ast.iter_child_nodes(node):
                start, end = getattr(child, "lineno", None), getattr(child, "end_lineno", None)
                if start is None or end is None or start <= line <= end:
                    inner.append(child)
        yield from inner
        nodes = inner


def _classes(source: str, name: str) -> Iterator[ast.ClassDef]:
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.ClassDef) and name in ("", node.name):
            yield node


def _assigned(node: ast.AST) -> set[str]:
    """Return the names of the attributes of `self` that a statement assigns."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    else:
        return set()
    flat = [t for target in targets for t in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {t.attr for t in flat if isinstance(t, ast.Attribute) and getattr(t.value, "id", "") == "self"}


def _reads(node: ast.AST, word: str) -> bool:
    return any(word in (getattr(n, "attr", ""), getattr(n, "id", "")) for n in ast.walk(node))


def _excerpt(source: str, node: ast.AST | None) -> Excerpt | None:
    if node is None:
        return None
    text = ast.get_source_segment(source, node)
    line: int = getattr(node, "lineno", 0)
    return Excerpt(line, clean_line(text, _MOST_CHARACTERS)) if text else None
