"""Which backend convolution, pooling and recurrent layers compute with: numpy, numba or cuda.

The choice is here and the backends are in `numpytorch.kernels`, which students do not get: its layers are what the
assignments ask for.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKENDS = ("numpy", "numba", "cuda")
VARIABLE = "NUMPYTORCH_BACKEND"

_chosen: ContextVar[str | None] = ContextVar("backend", default=None)


class BackendError(RuntimeError):
    """A backend that is not known, not installed, or that finds no device."""


@contextmanager
def backend(name: str) -> Iterator[None]:
    """Within this context, layers compute with the backend "numpy", "numba" (CPU, threads) or "cuda" (NVIDIA).

    Convolution, pooling and recurrent layers have that choice. Gradients are computed with the backend that computed
    the output. It holds for the current thread.
    Without it, the environment variable NUMPYTORCH_BACKEND decides, and "numpy" if there is none.
    Raises BackendError if there is no such backend, or if what it needs is not there.
    """
    require(name)
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen_backend() -> str:
    """Return the name of the backend that layers compute with now. Raises BackendError if it is not known."""
    name = _chosen.get()
    return known(os.environ.get(VARIABLE) or "numpy", VARIABLE) if name is None else name


def known(name: str, where: str = "backend") -> str:
    """Return `name`, or raise BackendError if no backend has it."""
    if name not in BACKENDS:
        raise BackendError(f"{where}: expected one of {', '.join(map(repr, BACKENDS))}, got {name!r}.")
    return name


def require(name: str) -> None:
    """Raise BackendError unless the backend can compute here; the message says what to do."""
    known(name)
    try:
        from numpytorch.kernels import kernels_of
    except ModuleNotFoundError as missing:
        if missing.name != "numpytorch.kernels":
            raise
        raise BackendError(
            "backend: expected the kernels of numpytorch, got a numpytorch without them, as assignments come with: "
            "the layers that use them are yours to write."
        ) from None
    kernels_of(name)
