"""Module: the base of every layer and model."""

from __future__ import annotations

from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self

from numpytorch._errors import ShapeError
from numpytorch._tensor import Tensor
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpytorch._types import Array


class Module:
    """A layer or a model: subclass it, make parameters and layers in `__init__`, compute in `forward`.

        class Affine(nn.Module):
            def __init__(self, n: int) -> None:
                self.scale = nn.Parameter(npt.ones(n))

            def forward(self, x: Tensor) -> Tensor:
                return x * self.scale

    What is assigned to an attribute is registered if it is a Parameter or a Module. What sits in a plain
    list or dict is not (`unregistered` lists it): use `Sequential` or `ModuleList`.
    A subclass need not call `super().__init__()`.
    """

    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; each subclass writes its own."""
        raise NotImplementedError(
            f"{type(self).__name__}.forward: expected a method that computes the output, got none. Define it."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """Return `forward(...)`. Typed for the usual module, which returns one Tensor."""
        output: Tensor = self.forward(*args, **kwargs)
        return output

    def parameters(self) -> list[Parameter]:
        """List each registered Parameter once: those on this module in order of assignment, then those within."""
        return [p for _, p in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """List (path, Parameter) as in `parameters()`; a path joins attribute names: "conv1.w"."""
        seen: set[int] = set()
        found = []
        for prefix, module in self._named_modules(""):
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    found.append((prefix + name, value))
        return found

    def children(self) -> list[Module]:
        """List the modules on this one's attributes."""
        return [v for v in vars(self).values() if isinstance(v, Module)]

    def modules(self) -> list[Module]:
        """List this module and all within it, each once, outer ones first."""
        return [m for _, m in self._named_modules("")]

    def train(self, mode: bool = True) -> Self:
        """Switch to training (Dropout drops), here and in all modules within; return self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation (Dropout passes everything), here and in all modules within; return self."""
        return self.train(mode=False)

    def zero_grad(self) -> None:
        """Set `.grad` of every parameter to None."""
        for p in self.parameters():
            p.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Copy the values of every parameter, by path; `np.savez(file, **state)` stores them."""
        return {name: p.numpy() for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Set every parameter from a `state_dict()`; raise KeyError or ShapeError if one is off."""
        own = dict(self.named_parameters())
        missing, unknown = own.keys() - state.keys(), state.keys() - own.keys()
        if missing or unknown:
            raise KeyError(
                f"load_state_dict: expected the parameters {sorted(own)}, got none for {sorted(missing)} "
                f"and did not expect {sorted(unknown)}."
            )
        for name, p in own.items():
            if state[name].shape != p.shape:
                raise ShapeError(f"load_state_dict: expected {name} of shape {p.shape}, got {state[name].shape}.")
        for name, p in own.items():
            p.arr = state[name].astype(p.dtype)

    @recursive_repr()  # a module may hold the one that it is in
    def __repr__(self) -> str:
        lines = [
            f"({name}): " + repr(value).replace("\n", "\n  ")
            for name, value in vars(self).items()
            if isinstance(value, Module)
        ]
        inner = "\n  " + "\n  ".join(lines) + "\n" if lines else self.extra_repr()
        return f"{type(self).__name__}({inner})"

    def extra_repr(self) -> str:
        """Return what `repr` shows between the brackets of a module without inner ones."""
        return ", ".join(f"{k}={v.shape}" for k, v in vars(self).items() if isinstance(v, Parameter))

    def _named_modules(self, prefix: str, seen: set[int] | None = None) -> Iterator[tuple[str, Module]]:
        seen = set() if seen is None else seen
        if id(self) not in seen:
            seen.add(id(self))
            yield prefix, self
            for name, value in vars(self).items():
                if isinstance(value, Module):
                    yield from value._named_modules(f"{prefix}{name}.", seen)


def unregistered(module: Module) -> list[str]:
    """List the paths of Tensors that a module holds but `parameters()` does not find, so no optimizer moves.

    These are Tensors that are not a Parameter, and whatever sits in a plain list, tuple or dict:
    "conv1.w", "params['weight']", "layers[0].w".
    """
    registered = {id(p) for p in module.parameters()}
    return [path for path, t in find_tensors(module) if id(t) not in registered]


def find_tensors(module: Module) -> list[tuple[str, Tensor]]:
    """List (path, Tensor) for every Tensor in a module, under any name, in modules, lists, tuples and dicts."""
    found: list[tuple[str, Tensor]] = []
    seen: set[int] = set()

    def visit(path: str, value: Any) -> None:
        if id(value) in seen:
            return
        if isinstance(value, Tensor):
            seen.add(id(value))
            found.append((path, value))
        elif isinstance(value, Module):
            seen.add(id(value))
            for name, inner in vars(value).items():
                visit(f"{path}.{name}" if path else name, inner)
        elif isinstance(value, dict):
            seen.add(id(value))
            for key, inner in value.items():
                visit(f"{path}[{key!r}]", inner)
        elif isinstance(value, list | tuple):
            seen.add(id(value))
            for i, inner in enumerate(value):
                visit(f"{path}[{i}]", inner)

    visit("", module)
    return found
