"""Make mutants of a source: copies in which one small thing is changed, as a slip of a student would."""

from __future__ import annotations

import ast
import copy
import difflib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

N = TypeVar("N", bound=ast.AST)

_OTHER_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
_OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_FUNCTION = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "maximum": "minimum",
    "minimum": "maximum",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "ones": "zeros",
    "ones_like": "zeros_like",
    "reshape": "transpose",
}
_LEFT_OUT = {"sum", "copy", "swapaxes", "transpose", "reshape", "squeeze", "flatten"}
"""Methods that a slip leaves out: `x.sum(axis=0)` becomes `x`."""
_SYMMETRIC = {"maximum", "minimum", "add", "multiply", "swapaxes", "isinstance", "zip"}
"""Functions whose first two arguments may change places, or whose change nobody would make."""
_LOOSE = ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp | ast.IfExp | ast.Lambda | ast.Tuple
"""What needs parentheses where it stands in for something else."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A source with one thing changed.

    function: where, as `Class.method`. line: the text of the line where it begins. mutation: what became of what.
    The three together name it, also when lines move. source: the whole of it. number: of the line, from 1.
    """

    function: str
    line: str
    mutation: str
    number: int
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Its name."""
        return self.function, self.line, self.mutation

    def __str__(self) -> str:
        return f"{self.function}, line {self.number}: {self.mutation}"

    def diff(self, original: str) -> str:
        """Return what was changed, as a unified diff."""
        lines = difflib.unified_diff(original.splitlines(), self.source.splitlines(), lineterm="", n=1)
        return "\n".join(list(lines)[2:])


def mutants(source: str, skip: Collection[str] = ()) -> list[Mutant]:
    """List the mutants of every function of a source, in its order. skip: classes and functions to leave alone."""
    lines = source.splitlines()
    starts = [0]
    for encoded_line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(encoded_line))
    encoded = source.encode()
    found, seen = [], Counter[tuple[str, str, str]]()
    for function, node, mutation, text in _sites(ast.parse(source), "", skip):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        mutated = (encoded[:start] + text.encode() + encoded[end:]).decode()
        line = lines[node.lineno - 1].strip()
        seen[function, line, mutation] += 1
        if (count := seen[function, line, mutation]) > 1:
            mutation += f" ({count})"
        found.append(Mutant(function, line, mutation, node.lineno, mutated))
    return found


def shared_functions(source: str, other: str) -> set[str]:
    """List the functions that are the same in both, as `Class.method`."""
    here, there = (dict(_functions(ast.parse(text), "")) for text in (source, other))
    return {name for name, dump in here.items() if there.get(name) == dump}


def _functions(tree: ast.AST, name: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            inner = f"{name}.{node.name}" if name else node.name
            if isinstance(node, ast.FunctionDef):
                yield inner, ast.dump(node)
            yield from _functions(node, inner)


_Site = tuple[str, "ast.expr | ast.stmt", str, str]


def _sites(tree: ast.AST, name: str, skip: Collection[str]) -> Iterator[_Site]:
    """Yield each place in each function: the function, the node, what becomes of it in words, and as source."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            inner = f"{name}.{node.name}" if name else node.name
            if inner in skip:
                continue
            if isinstance(node, ast.FunctionDef):
                for part in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None), *node.body):
                    yield from _in_function(part, inner)
            yield from _sites(node, inner, skip)


def _in_function(node: ast.AST, function: str) -> Iterator[_Site]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Raise | ast.Assert | ast.JoinedStr):
        return  # an inner function comes in its own turn; errors and texts are no rules
    if isinstance(node, ast.expr | ast.stmt):
        for other in _others(node):
            old, new = (ast.unparse(n) for n in (node, other))
            new = new.replace("\n", "\n" + " " * node.col_offset)
            text = f"({new})" if isinstance(other, _LOOSE) else new
            yield function, node, f"{_short(old)} -> {_short(new)}", text
    if _is_negative(node) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return
    for field, child in ast.iter_fields(node):
        if field in ("annotation", "ctx") or (field == "targets" and not _has_index(child)):
            continue
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, ast.AST):
                yield from _in_function(part, function)


def _short(text: str) -> str:
    """Return a statement's first line: the rest of a block is the same in both."""
    first, *rest = text.splitlines() or [""]
    return first + (" ..." if rest else "")


def _has_index(targets: object) -> bool:
    return isinstance(targets, list) and any(isinstance(t, ast.Subscript) for t in targets)


def _others(node: ast.expr | ast.stmt) -> Iterator[ast.expr | ast.stmt]:
    """Yield what could stand in a node's place by mistake."""
    if isinstance(node, ast.stmt):
        yield from _other_statements(node)
    elif isinstance(node, ast.BinOp):
        yield from _other_sums(node)
    elif _is_negative(node):
        number = ast.literal_eval(node)
        yield from (ast.Constant(-number), _number(number + 1))  # no lower: to reshape, -2 is -1
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield ast.Compare(node.left, [_OTHER_COMPARISON[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield from node.values[:2]
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield from (_number(node.value + 1), _number(node.value - 1))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Subscript):
        yield from _other_indices(node)
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)


def _is_negative(node: ast.AST) -> bool:
    """Whether this is a number with a minus sign, which changes as one."""
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)


def _number(value: float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _other_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=0)
        if type(node.op) in _OTHER_OPERATOR:
            yield ast.AugAssign(node.target, _OTHER_OPERATOR[type(node.op)](), node.value)
    if isinstance(node, ast.Return) and node.value is not None:
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for i, value in enumerate(values):
            if isinstance(value, ast.Constant | ast.List | ast.ListComp):
                continue  # no gradient
            negated: list[ast.expr] = [*values[:i], ast.UnaryOp(ast.USub(), value), *values[i + 1 :]]
            yield ast.Return(ast.Tuple(negated, ast.Load()) if isinstance(node.value, ast.Tuple) else negated[0])
        for i in _unequal(values):
            yield ast.Return(ast.Tuple(_swapped(values, i), ast.Load()))
    if isinstance(node, ast.If) and not isinstance(node.test, ast.UnaryOp):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.If | ast.For | ast.While) and not is_docstring:
        yield ast.Pass()


def _other_sums(node: ast.BinOp) -> Iterator[ast.expr]:
    yield node.left
    yield ast.UnaryOp(ast.USub(), node.right) if isinstance(node.op, ast.Sub) else node.right
    if type(node.op) in _OTHER_OPERATOR:
        yield ast.BinOp(node.left, _OTHER_OPERATOR[type(node.op)](), node.right)
    if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div | ast.Pow):
        yield ast.BinOp(node.right, node.op, node.left)


def _other_indices(node: ast.Subscript) -> Iterator[ast.expr]:
    """Move each index and each bound of a slice by one; constants are moved as constants."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for i, part in enumerate(parts):
        for other in _moved(part):
            elements = [*parts[:i], other, *parts[i + 1 :]]
            index = ast.Tuple(elements, ast.Load()) if isinstance(node.slice, ast.Tuple) else elements[0]
            yield _with(node, slice=index)
    for i in range(len(parts) - 1):
        if ast.dump(parts[i]) != ast.dump(parts[i + 1]):
            yield _with(node, slice=ast.Tuple(_swapped(parts, i), ast.Load()))


def _moved(part: ast.expr) -> Iterator[ast.expr]:
    if isinstance(part, ast.Slice):
        for bound in ("lower", "upper", "step"):
            value = getattr(part, bound)
            if isinstance(value, ast.expr) and not isinstance(value, ast.Constant):
                yield from (_with(part, **{bound: _plus(value, n)}) for n in (1, -1))
            if value is not None:
                yield _with(part, **{bound: None})
        if part.lower is None:
            yield _with(part, lower=ast.Constant(1))
        if part.upper is None:
            yield _with(part, upper=ast.UnaryOp(ast.USub(), ast.Constant(1)))
    elif not isinstance(part, ast.Constant | ast.Starred | ast.UnaryOp):
        yield _plus(part, -1)


def _other_calls(node: ast.Call) -> Iterator[ast.expr]:
    function = node.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    if name in _OTHER_FUNCTION:
        other = _OTHER_FUNCTION[name]
        is_attribute = isinstance(function, ast.Attribute)
        yield _with(node, func=_with(function, **{"attr" if is_attribute else "id": other}))
    if name in _LEFT_OUT and isinstance(function, ast.Attribute):
        module = isinstance(function.value, ast.Name) and function.value.id in ("np", "npt")
        yield node.args[0] if module else function.value
    if name not in _SYMMETRIC:
        yield from (_with(node, args=_swapped(node.args, i)) for i in _unequal(node.args))
    if name in ("range", "slice"):
        for i, argument in enumerate(node.args):
            if not isinstance(argument, ast.Constant):
                yield from (
                    _with(node, args=[*node.args[:i], _plus(argument, n), *node.args[i + 1 :]]) for n in (1, -1)
                )
    for i, keyword in enumerate(node.keywords):
        if keyword.arg != "strict":  # which only guards against another mistake
            yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    for i, argument in enumerate(node.args):
        if isinstance(argument, ast.Tuple) and name in (
            "reshape",
            "transpose",
            "pad",
            "zeros",
            "empty",
            "broadcast_to",
        ):
            for j in _unequal(argument.elts):
                other_tuple = _with(argument, elts=_swapped(argument.elts, j))
                yield _with(node, args=[*node.args[:i], other_tuple, *node.args[i + 1 :]])


def _unequal(nodes: list[ast.expr]) -> list[int]:
    """List where two neighbours differ, so that it matters which comes first."""
    return [i for i in range(len(nodes) - 1) if ast.dump(nodes[i]) != ast.dump(nodes[i + 1])]


def _swapped(nodes: list[ast.expr], i: int) -> list[ast.expr]:
    """Return a copy in which the i-th changes places with the next."""
    return [*nodes[:i], nodes[i + 1], nodes[i], *nodes[i + 2 :]]


def _plus(node: ast.expr, n: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if n > 0 else ast.Sub(), ast.Constant(abs(n)))


def _with(node: N, **fields: object) -> N:
    """Return a shallow copy of a node with other fields."""
    other = copy.copy(node)
    for field, value in fields.items():
        setattr(other, field, value)
    return other
