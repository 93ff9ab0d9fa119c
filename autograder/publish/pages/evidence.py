"""What checks leave as evidence, read into records. What is of another form is not drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Value = float | str
"""A number; what is not finite is "nan", "inf" or "-inf"."""


class Picture(msgspec.Struct, frozen=True):
    """A piece of two arrays that differ: the plane `at`, from row and column `offset` on."""

    shape: tuple[int, ...]
    at: tuple[int, ...]
    offset: tuple[int, int]
    expected: tuple[tuple[Value, ...], ...]
    got: tuple[tuple[Value, ...], ...]


class Mismatch(msgspec.Struct, frozen=True):
    """Two arrays that differ, most of all at `index`."""

    index: tuple[int, ...]
    expected: Value
    got: Value
    tolerance: float
    wrong_entries: int
    entries: int
    picture: Picture


class Filters(msgspec.Struct, frozen=True):
    """Planes of a weight, before and after training."""

    path: str
    shape: tuple[int, ...]
    before: tuple[tuple[tuple[Value, ...], ...], ...]
    after: tuple[tuple[tuple[Value, ...], ...], ...]


class Learning(msgspec.Struct, frozen=True):
    """How training went: the loss of each iteration, and (iteration, macro F1) now and then."""

    losses: Annotated[tuple[Value, ...], msgspec.Meta(min_length=1)]
    f1_over_training: tuple[tuple[int, float], ...] = ()


class Scores(msgspec.Struct, frozen=True):
    """What the trained model knows. wrong_digits: (index, label, predicted)."""

    macro_f1: float
    micro_f1: float
    wanted: float
    confusion_matrix: tuple[tuple[int, ...], ...]
    wrong_digits: tuple[tuple[int, int, int], ...] = ()


class Frame(msgspec.Struct, frozen=True):
    """A line of the hand-in that an exception went through."""

    line: int
    function: str
    text: str


class Break(msgspec.Struct, frozen=True):
    """A line where the graph is left, what does it, and the fix."""

    line: int
    said: str
    fix: str


class Places(msgspec.Struct, frozen=True):
    """Lines that a check names: those of exceptions, of breaks, and (line, what is wrong there)."""

    frames: tuple[Frame, ...] = ()
    breaks: tuple[Break, ...] = ()
    errors: tuple[tuple[int, str], ...] = ()
    hidden: tuple[tuple[int, str], ...] = ()
    found: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A piece of evidence that has no picture. text: whether the value is lines of text."""

    name: str
    value: str
    text: bool


_T = TypeVar("_T")


def read(evidence: object, kind: type[_T]) -> _T | None:
    """Read evidence into a record; None if it is of another form, as that of another assignment may be."""
    try:
        return msgspec.convert(evidence, kind)
    except (msgspec.ValidationError, UnicodeEncodeError):  # the second for half a character
        return None


def first(several: Iterable[object], kind: type[_T]) -> _T | None:
    """Return the first piece of evidence that is of this kind."""
    return next((found for evidence in several if (found := read(evidence, kind)) is not None), None)


def mismatches(evidence: Mapping[str, Any]) -> list[Mismatch]:
    """List the arrays that differ, wherever in the evidence they are."""
    return [found for inner in _mappings(evidence) if (found := read(inner, Mismatch)) is not None]


def facts(evidence: Mapping[str, Any], *, everything: bool) -> list[Fact]:
    """List what is shown by no picture. everything: the grader's own traceback as well."""
    shown = _DRAWN if everything else _DRAWN | {"traceback"}
    return [
        Fact(name, text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + " …", "\n" in text)
        for name, value in evidence.items()
        if name not in shown and value not in (None, "", [], {})
        for text in [value if isinstance(value, str) else json.dumps(_undrawn(value), ensure_ascii=False)]
    ]


_MOST_CHARACTERS = 20_000
_DRAWN = {"picture", "losses", "f1_over_training", "filters", "confusion_matrix", "wrong_digits", "frames", "breaks"}


def _undrawn(value: object) -> object:
    """Leave out what is drawn, at any depth."""
    if isinstance(value, dict):
        return {k: _undrawn(v) for k, v in value.items() if k not in _DRAWN}
    return [_undrawn(v) for v in value] if isinstance(value, list) else value


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _mappings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _mappings(inner)
