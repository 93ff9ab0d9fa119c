"""Cases: the in-place operators, on a Tensor and on a part of one."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from tests.functions.cases.case import Case, normal, positive

if TYPE_CHECKING:
    from collections.abc import Callable

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv, "**=": operator.ipow,
}  # fmt: skip


IN_TORCH = set(OPERATORS) - {"**="}  # of which torch overwrites what its own backward needs


def _twice(op: Callable[[Any, Any], Any], x: Any, value: Any) -> Any:
    """Update a copy of x two times: the second time it has memory of its own."""
    out = x * 1
    out = op(out, value)
    return op(out, value)


def _part(op: Callable[[Any, Any], Any], x: Any, value: Any) -> Any:
    """Update a part of a copy of x, and then part of that."""
    out = x * 1
    out[1] = op(out[1], value)
    out[1][:2] = op(out[1][:2], 1.5)
    return out


CASES = [
    *[
        Case(f"x {name} {shape}", lambda x, v, op=op: _twice(op, x, v), lambda x, v, op=op: _twice(op, x, v),
             (positive(2, 3), positive(*shape)),
             (lambda T, x, v, op=op: _twice(op, x, v)) if name in IN_TORCH else None)
        for name, op in OPERATORS.items()
        for shape in [(2, 3), (3,), (2, 1), ()]
    ],
    *[
        Case(f"x[1] {name} value", lambda x, v, op=op: _part(op, x, v), lambda x, v, op=op: _part(op, x, v),
             (positive(2, 3), positive(3)),
             (lambda T, x, v, op=op: _part(op, x, v)) if name in IN_TORCH else None)
        for name, op in OPERATORS.items()
    ],
    Case("x @= value", lambda x, v: _twice(operator.imatmul, x, v), lambda x, v: x @ v @ v,
         (normal(2, 3), normal(3, 3))),
]  # fmt: skip
