"""Modules that hold modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpytorch.nn.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ModuleList(Module):
    """A list of modules that are registered: index it, iterate over it, append to it."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        if not isinstance(module, Module):
            raise TypeError(
                f"{type(self).__name__}: expected nn.Module objects, got {type(module).__name__}. "
                "Wrap a function in a Module with a forward method (nn.ReLU() is one, nn.relu is not)."
            )
        setattr(self, str(len(self)), module)

    def __getitem__(self, index: int) -> Module:
        return self.children()[index]

    def __len__(self) -> int:
        return len(self.children())

    def __iter__(self) -> Iterator[Module]:
        return iter(self.children())


class Sequential(ModuleList):
    """Modules applied one after another: Sequential(f, g)(x) is g(f(x))."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        """Apply each module to the output of the one before."""
        for module in self:
            x = module(x)
        return x
