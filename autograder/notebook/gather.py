"""Making a hand-in of the cells of a notebook: what the assignment asks for, and all that it is made of.

    cells                                the hand-in
    [1] import numpy as np               import numpy as np
    [2] class Conv2d(nn.Module): ...     class Conv2d(nn.Module): ...     the later one
    [3] loss = train(model)              (nothing that was asked for needs it)
    [4] class Conv2d(nn.Module): ...     class MaxPool2d(nn.Module): ...  the stub's, for there is none yet

Nothing is run: cells are read as text.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(slots=True, eq=False)
class _Statement:
    """A statement at the top of a cell: its text, the names that it defines and those that it reads."""

    text: str
    place: str
    node: ast.stmt
    defines: frozenset[str] = field(init=False)
    reads: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.defines = frozenset(_defined(self.node))
        self.reads = frozenset(n.id for n in ast.walk(self.node) if isinstance(n, ast.Name))

    @property
    def always(self) -> bool:
        """Whether it belongs to every hand-in: what it brings in, or switches on, has no name to be asked for by."""
        match self.node:
            case ast.ImportFrom(module="__future__"):
                return True
            case ast.ImportFrom(names=names):
                return any(alias.name == "*" for alias in names)
        return False


def gather(cells: Sequence[str], stub: str) -> str:
    """Return the source of a hand-in: of each name that the stub defines, the latest definition, and what that needs.

    A name that no cell defines is the stub's. Cells that are not Python, and lines of magic, are left out. A comment
    before each statement tells the cell that it comes from.
    """
    written = [s for number, cell in enumerate(cells, 1) for s in _statements(cell, f"cell {number}")]
    given = _statements(stub, "the stub")
    ahead = [name for s in given if not isinstance(s.node, ast.Import | ast.ImportFrom) for name in s.defines]
    order = [*given, *written]
    latest = {name: statement for statement in order for name in statement.defines}
    needed = {s for s in order if s.always}
    while ahead:
        found = latest.get(ahead.pop())
        if found is not None and found not in needed:
            needed.add(found)
            ahead.extend(found.reads)
    chosen = sorted((s for s in order if s in needed), key=lambda s: _rank(s.node))
    return "\n\n".join(f"# {s.place}\n{s.text}" for s in chosen) + "\n"


def _rank(node: ast.stmt) -> int:
    """Imports come first, those from __future__ before all others."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return 0
    return 1 if isinstance(node, ast.Import | ast.ImportFrom) else 2


def _statements(cell: str, place: str) -> list[_Statement]:
    """Return what a cell defines at its top; nothing, if it is not Python."""
    try:
        tree = ast.parse(cell)
    except (SyntaxError, ValueError):
        return []  # whoever ran it was told
    lines = cell.splitlines(keepends=True)
    found = []
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        text = "".join(lines[first - 1 : node.end_lineno]).rstrip()
        statement = _Statement(text, place, node)
        if statement.defines or statement.always:
            found.append(statement)
    return found


def _defined(node: ast.stmt) -> Iterable[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name.partition(".")[0] for alias in names]
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
