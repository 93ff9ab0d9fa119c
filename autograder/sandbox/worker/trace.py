"""Watch the library while the hand-in runs: which nodes come to be, and where values leave the graph.

For as long as `watching` is entered, a few attributes of the library's classes are replaced by ones that also
take notes. The hand-in can see that, and defeat it: then there is no advice, and nothing else changes.
"""

from __future__ import annotations

import ast
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from numpytorch import Tensor
from numpytorch._node import TensorNode
from numpytorch.autograd.mode import grad_enabled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from types import CodeType, FrameType

    from autograder.sandbox.messages import Array

MAX_EVENTS = 100_000
_READS = ("numpy", "item", "__array__")  # and `arr`, a property
_NUDGE = 0.01

Kind: TypeAlias = Literal["made", "set", "read"]


class Span(NamedTuple):
    """An expression of the hand-in: lines from 1, columns in bytes of UTF-8, and the function it stands in."""

    line: int
    end_line: int
    column: int
    end_column: int
    function: str


@dataclass(slots=True)
class Event:
    """Something that happened to a node, and the innermost expression of the hand-in that made it happen.

    kind: "made", with floating-point values; "set", its values replaced through `.arr`; "read", its values given
        to the hand-in as an array or a number.
    via: the function of the library that the hand-in called: `Tensor.__init__`, `tensor`, `Tensor.__mul__`, `arr`.
    mark: a number that changes if one of the values does; 0 for "read".
    recording: whether gradients were enabled. copied: whether it has the values of a Tensor, given as that.
    """

    kind: Kind
    node: TensorNode
    span: Span
    via: str
    mark: float
    recording: bool
    copied: bool = False


class Watch:
    """The notes taken so far. nudged: the numbers of events whose values are to be changed a little."""

    def __init__(self, file: str) -> None:
        self.events: list[Event] = []
        self.nudged: Collection[int] = ()
        self._file = file
        self._spans: dict[tuple[CodeType, int], Span | None] = {}

    def begin(self, nudged: Collection[int] = ()) -> None:
        """Begin a new list of notes."""
        self.events, self.nudged = [], nudged

    def caller(self, frame: FrameType | None) -> tuple[Span | None, str]:
        """Return the innermost expression of the hand-in from `frame` outwards, and what it called."""
        called = ""
        while frame is not None and frame.f_code.co_filename != self._file:
            called = frame.f_code.co_qualname
            frame = frame.f_back
        return self.here(frame), called

    def here(self, frame: FrameType | None) -> Span | None:
        """Return the expression that runs in `frame`; None if that is not the hand-in's, or nothing is noted now."""
        if frame is None or frame.f_code.co_filename != self._file or len(self.events) >= MAX_EVENTS:
            return None
        key = frame.f_code, frame.f_lasti
        if key not in self._spans:
            self._spans[key] = span_at(*key)
        return self._spans[key]

    def owns(self, code: CodeType) -> bool:
        """Whether `code` is the hand-in's."""
        return code.co_filename == self._file

    def seen(self, values: Any) -> Any:
        """Return `values`, changed if the next event is one of those to change."""
        return nudge(values) if len(self.events) in self.nudged else values

    def note(self, kind: Kind, node: TensorNode, values: Any, span: Span, via: str, *, copied: bool = False) -> None:
        """Take a note."""
        mark = 0.0 if kind == "read" else mark_of(values)
        self.events.append(Event(kind, node, span, via, mark, grad_enabled(), copied))


@contextmanager
def watching(file: str) -> Iterator[Watch]:
    """Take notes of what the code of `file` does with Tensors."""
    watch = Watch(file)
    new = Tensor.__init__.__code__
    make, get, put = TensorNode.__init__, Tensor.arr.fget, Tensor.arr.fset  # type: ignore[attr-defined] # a property

    def init(node: TensorNode, arr: Array, *others: Any, **named: Any) -> None:
        maker = sys._getframe(1)
        span, called = watch.caller(maker) if arr.dtype.kind == "f" else (None, "")
        if span is not None:
            arr = watch.seen(arr)
        make(node, arr, *others, **named)
        if span is not None:
            copied = maker.f_code is new and isinstance(maker.f_locals.get("arr"), Tensor)
            watch.note("made", node, arr, span, called, copied=copied)

    def read(tensor: Tensor, values: Any, frame: FrameType, via: str) -> Any:
        span = watch.here(frame)
        if span is None:
            return values
        given = watch.seen(values)
        watch.note("read", tensor.node, values, span, via)
        return given

    def get_arr(tensor: Tensor) -> Array:
        values: Array = read(tensor, get(tensor), sys._getframe(1), "arr")
        return values

    def set_arr(tensor: Tensor, values: Any) -> None:
        span = watch.here(sys._getframe(1))
        if span is not None:
            values = watch.seen(values)
        put(tensor, values)
        if span is not None:
            watch.note("set", tensor.node, values, span, "arr")

    def reader(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def method(tensor: Tensor, *others: Any, **named: Any) -> Any:
            return read(tensor, original(tensor, *others, **named), sys._getframe(1), name)

        return method

    changes: list[tuple[type, str, Any]] = [(TensorNode, "__init__", init), (Tensor, "arr", property(get_arr, set_arr))]
    changes += [(Tensor, name, reader(name, getattr(Tensor, name))) for name in _READS]
    before = [(cls, name, vars(cls)[name]) for cls, name, _ in changes]
    try:
        for cls, name, changed in changes:
            setattr(cls, name, changed)
        yield watch
    finally:
        for cls, name, original in before:
            setattr(cls, name, original)


def written_places(source: str) -> set[tuple[int, int]]:
    """Return where, as (line, column), the hand-in writes into what an attribute gives: `out.arr[i] = ...`."""
    places = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            value = node.value
            while isinstance(value, ast.Subscript):
                value = value.value
            places.add((value.lineno, value.col_offset))
    return places


def mark_of(values: Array) -> float:
    """Return a number that depends on each value: their sum with random weights."""
    flat = np.asarray(values).ravel().astype(np.float64, copy=False)
    return float(flat @ _pattern(flat.size))


def nudge(values: Any) -> Any:
    """Return values changed by about a hundredth of their usual size; anything but floating-point ones as they are."""
    array = np.asarray(values)
    if array.dtype.kind != "f" or not array.size:
        return values
    size = float(np.abs(array).mean()) or 1.0
    changed = array + (_NUDGE * size * _pattern(array.size)).reshape(array.shape).astype(array.dtype)
    return float(changed) if isinstance(values, float) else changed


_weights = [np.random.default_rng(0).standard_normal(1 << 12)]


def _pattern(size: int) -> Array:
    if size > len(_weights[0]):
        _weights[0] = np.random.default_rng(0).standard_normal(2 * size)
    return _weights[0][:size]


def span_at(code: CodeType, instruction: int) -> Span | None:
    """Return the expression that an instruction of `code` belongs to, by its offset in bytes."""
    line, end_line, column, end_column = next(
        islice(code.co_positions(), instruction // 2, None), (None, None, None, None)
    )
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return Span(line, end_line, column, end_column, code.co_qualname)
