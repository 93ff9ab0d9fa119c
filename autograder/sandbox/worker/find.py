"""Find every Tensor that an object holds, under whatever name, in whatever it keeps them."""

from __future__ import annotations

from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

from autograder.sandbox.messages import MAX_NAMES, TensorInfo
from autograder.sandbox.worker.handin import plain
from numpytorch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DEPTH = 16
_MAX_VISITS = 20_000
_MAX_MEMBERS = 1000
_MAX_PATH = 200
_OPAQUE = (type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, str, bytes, int, float, complex)


def find_tensors(root: object) -> dict[str, Tensor]:
    """Return each Tensor below `root` once, by the first path that leads to it, in the order of assignment.

    Goes through attributes, lists, tuples and dicts: not deeper than 16, not into more than 1,000 members of
    one, which are data and no weights, and not further than 20,000 objects.
    """
    found: dict[str, Tensor] = {}
    seen = {id(root)}
    stack: list[Iterator[tuple[str, object]]] = [iter(_members(root, ""))]
    visits = 0
    while stack and visits < _MAX_VISITS and len(found) < MAX_NAMES:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        path, value = step
        visits += 1
        if value is None or isinstance(value, _OPAQUE) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            if 0 < len(path) <= _MAX_PATH:
                found.setdefault(path, value)
        elif len(stack) < _MAX_DEPTH:
            stack.append(iter(_members(value, path)))
    return found


def describe(root: object, tensors: dict[str, Tensor]) -> tuple[TensorInfo, ...]:
    """Return what the parent is told about each of `tensors`, which are those of `root`."""
    registered = _registered(root)
    return tuple(
        TensorInfo(
            path,
            tensor.arr.shape,
            plain(str(tensor.arr.dtype)),
            bool(tensor.requires_grad),
            "Parameter" if isinstance(tensor, nn.Parameter) else "Tensor",
            id(tensor) in registered,
        )
        for path, tensor in tensors.items()
    )


def _registered(root: object) -> set[int]:
    """Return the identities of what `parameters()` gives; none if it cannot say, which is no reason to stop."""
    try:
        return {id(parameter) for parameter in islice(root.parameters(), MAX_NAMES)}  # type: ignore[attr-defined] # or it raises
    except Exception:  # noqa: BLE001 (the hand-in's own parameters())
        return set()


def _members(value: object, path: str) -> list[tuple[str, object]]:
    """Return what `value` holds, each with its path."""
    if isinstance(value, list | tuple):
        return [(f"{path}[{index}]", member) for index, member in enumerate(islice(value, _MAX_MEMBERS))]
    if isinstance(value, dict):
        members = enumerate(islice(value.items(), _MAX_MEMBERS))
        return [(f"{path}[{_key(key, index)}]", member) for index, (key, member) in members]
    attributes = getattr(value, "__dict__", None)
    if not isinstance(attributes, dict):
        return []
    return [(_attribute(path, name), member) for name, member in islice(attributes.items(), _MAX_MEMBERS)]


def _attribute(path: str, name: object) -> str:
    # Numbers too: ModuleList names what it holds "0", "1", ..., and named_parameters() writes `layers.0.w`.
    if isinstance(name, str) and (name.isidentifier() or name.isdecimal()):
        return f"{path}.{name}" if path else name
    return f"{path}[{_key(name, 0)}]"


def _key(key: object, index: int) -> str:
    """Return `key` as it would be written in Python; its type and place if it is neither text nor number."""
    if isinstance(key, str | int | float | bool | None):
        return repr(plain(key) if isinstance(key, str) else key)
    return f"<{plain(type(key).__name__)} {index}>"
