"""The backends by name, each imported when it is first asked for."""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, cast

from numpytorch._backend import BackendError, chosen_backend, known

if TYPE_CHECKING:
    from numpytorch.kernels.interface import Kernels

_MODULES = {"numpy": "numpy_backend", "numba": "numba_backend", "cuda": "cuda.backend"}
_EXTRAS = {"numba": "fast", "cuda": "cuda"}


def kernels_of(name: str | None = None) -> Kernels:
    """Return a backend: of that name, or the one that is chosen now (see `npt.backend`).

    Raises BackendError if there is none of that name, if what it needs is not installed, or if it finds no GPU.
    """
    return _load(chosen_backend() if name is None else known(name))


@functools.cache
def _load(name: str) -> Kernels:
    try:
        module = import_module(f"numpytorch.kernels.{_MODULES[name]}")
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("numpytorch"):
            raise
        raise BackendError(
            f"backend {name!r}: expected the package {missing.name}, found none. "
            f"Install it: pip install 'numpytorch[{_EXTRAS[name]}]'"
        ) from None
    return cast("Kernels", module.load())
