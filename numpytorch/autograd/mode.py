"""no_grad: compute without recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)

grad_enabled = _enabled.get


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this context, or in a function decorated with `@no_grad()`, operations record no graph.

    Use it for evaluation, and to overwrite a parameter in place. It holds for the current thread.
    """
    with _set(False):
        yield


@contextmanager
def recording() -> Iterator[None]:
    """Within this context, operations record a graph, also where `no_grad()` says that none is wanted."""
    with _set(True):
        yield


@contextmanager
def _set(enabled: bool) -> Iterator[None]:
    token = _enabled.set(enabled)
    try:
        yield
    finally:
        _enabled.reset(token)
