"""A layer of a hand-in with known values in it: what the checks of layers ask.

A `LayerCase` says how to build the layer and what it must compute. The layer's parameters are found by their
shapes and set to known values, so that attribute names are the student's own business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from autograder.checks.api import Failed, Grader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autograder.sandbox import Array, Output, Scalar, Session, TensorInfo

INPUT = "input"


class LayerCase(Protocol):
    """One configuration of a layer, and what is right for it. `str` names it for a student."""

    @property
    def cls(self) -> str:
        """The class that the hand-in defines."""

    @property
    def args(self) -> tuple[Scalar, ...]:
        """What its constructor gets."""

    @property
    def kwargs(self) -> Mapping[str, Scalar]:
        """What its constructor gets by name."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each parameter, by its role: {"weight": (F, C, K, K), "bias": (F,)}."""

    def sample(self, rng: np.random.Generator) -> Array:
        """Draw an input, away from kinks and ties."""

    def resized(self) -> LayerCase:
        """Return the same layer on an input of another size."""

    def forward(self, x: Array, parameters: Mapping[str, Array]) -> Array:
        """Compute the right output."""

    def gradients(self, x: Array, parameters: Mapping[str, Array], dy: Array) -> dict[str, Array]:
        """Compute the right gradients, to "input" and to each role."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A layer of the hand-in with known values in it, and an input for it."""

    case: LayerCase
    session: Session
    obj: int
    found: Mapping[str, TensorInfo]
    parameters: Mapping[str, Array]
    x: Array

    def call(self, x: Array, *, requires_grad: bool = True, grad: bool = True) -> tuple[Output, Array]:
        """Run the layer on x, and return its output and the values; raise Failed unless it is one Tensor of numbers."""
        output = self.session.call(self.obj, [x], requires_grad=requires_grad, grad=grad)
        if not output.is_tensor or len(output.items) != 1:
            nothing = output.returned == "NoneType"
            raise Failed(
                f"{self.case.cls}.forward: expected it to return one Tensor, got "
                f"{'None' if nothing else _a(output.returned)}.",
                hint="Is there a `return` at its end?"
                if nothing
                else "Return the result as a Tensor that is joined to the graph.",
            )
        if output.array is None:
            raise Failed(
                f"{self.case.cls}.forward: expected a Tensor of float64 or float32, got one of {output.dtype}.",
                hint="Compute in the dtype of the input.",
            )
        return output, output.array

    def set(self, role: str, values: Array) -> None:
        """Give a parameter new values."""
        info = self.found[role]
        self.session.write(self.obj, {info.path: values.reshape(info.shape)})


def probe(grader: Grader, case: LayerCase, need: Iterable[str], *key: str) -> Probe:
    """Build the layer, find its parameters and set them to random values.

    need: the roles that must be there; another that is missing counts as zero.
    """
    session = grader.session
    rng = grader.rng(case.cls, str(case), *key)
    built = session.build(case.cls, case.args, case.kwargs, seed=grader.child_seed(case.cls, str(case)))
    x = case.sample(rng)
    if any(not fitting(case, built.tensors, role) for role in case.shapes):
        session.release(session.call(built.id, [x]).id)  # it may create what is missing on its first call
        built = session.tensors(built.id)
    found, parameters = {}, {}
    for role, shape in case.shapes.items():
        parameters[role] = rng.standard_normal(shape)
        if role in need or fitting(case, built.tensors, role):
            found[role] = find(case, built.tensors, role)
        else:
            parameters[role] = np.zeros(shape)
    result = Probe(case, session, built.id, found, parameters, x)
    for role in found:
        result.set(role, parameters[role])
    return result


def fitting(case: LayerCase, tensors: Iterable[TensorInfo], role: str) -> list[TensorInfo]:
    """List the Tensors that could play a role by their shapes, axes of length 1 aside, the likeliest first."""
    shape = case.shapes[role]
    fits = [t for t in tensors if _squeezed(t.shape) == _squeezed(shape)]
    return sorted(fits, key=lambda t: (t.shape != shape, not t.registered, t.kind != "Parameter"))


def find(case: LayerCase, tensors: Iterable[TensorInfo], role: str) -> TensorInfo:
    """Find the parameter that plays a role; raise Failed if none has the shape."""
    shape = case.shapes[role]
    if fits := fitting(case, tensors, role):
        return fits[0]
    there = ", ".join(f"{t.path} {t.shape}" for t in tensors) or "no Tensor at all"
    raise Failed(
        f"{case}: expected a {role} of shape {shape} on an attribute of the layer, found {there}.",
        hint=f"Create it in __init__: self.{role} = nn.Parameter.new({', '.join(map(str, shape))}).",
        evidence={"expected_shape": list(shape), "found": {t.path: list(t.shape) for t in tensors}},
    )


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _a(name: str) -> str:
    return ("an " if name[:1].lower() in "aeiou" or name == "ndarray" else "a ") + name
