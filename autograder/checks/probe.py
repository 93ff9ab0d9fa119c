"""A layer of a hand-in with known values in it: what the checks of layers ask.

A `LayerCase` says how to build the layer and what it must compute. The layer's parameters are found by their
shapes and set to known values, so that attribute names are the student's own business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks import differences
from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from autograder.sandbox import Array, Output, Scalar, Session, TensorInfo

INPUT = "input"
OUTPUT = "output"

# The usual roles, for the catalogue.
NAMES = (N_("input"), N_("output"), N_("weight"), N_("bias"))


class LayerCase(ABC):
    """One configuration of a layer, and what is right for it. `str` names it for a student.

    Subclass it as a frozen dataclass. What must be given: the class, how to draw inputs, and the right forward.
    Arrays are float64.
    """

    @property
    @abstractmethod
    def cls(self) -> str:
        """The class that the hand-in defines."""

    @property
    def args(self) -> tuple[Scalar, ...]:
        """What its constructor gets."""
        return ()

    @property
    def kwargs(self) -> Mapping[str, Scalar]:
        """What its constructor gets by name."""
        return {}

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each parameter, by its role: {"weight": (F, C, K, K), "bias": (F,)}."""
        return {}

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what forward returns, in order."""
        return (OUTPUT,)

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the inputs by name, in the order of the call, farther from kinks and ties than `differences.STEP`."""

    @abstractmethod
    def forward(self, inputs: Mapping[str, Array], parameters: Mapping[str, Array]) -> tuple[Array, ...]:
        """Compute the right outputs."""

    def gradients(
        self, inputs: Mapping[str, Array], parameters: Mapping[str, Array], upstream: tuple[Array, ...]
    ) -> dict[str, Array]:
        """Compute the right gradient to each input and role, `upstream` holding that at each output.

        Measured on `forward`, to about 1e-9, unless a case knows a formula.
        """
        values = {**inputs, **parameters}

        def loss_of(name: str, value: Array) -> float:
            changed = values | {name: value}
            outputs = self.forward({n: changed[n] for n in inputs}, {n: changed[n] for n in parameters})
            return sum(float(np.vdot(dy, y)) for dy, y in zip(upstream, outputs, strict=True))

        return {name: differences.gradient(lambda v, n=name: loss_of(n, v), values[name]) for name in values}  # type: ignore[misc] # mypy sees no type for n

    @property
    def scale(self) -> float:
        """How large the parameters are that the layer is given: less than 1 where larger ones would saturate it."""
        return 1.0

    def resized(self) -> Sequence[LayerCase]:
        """List the same layer on inputs of other sizes, of which each differs from the one before it in one alone."""
        return ()

    def handout(self) -> LayerCase | None:
        """Return the layer as the handout's model has it, to tell who has written it for those sizes alone."""
        return None

    def advice(self, cause: Cause) -> tuple[str, str] | None:
        """Return what a cause is in this layer, and where to look, or None if the usual words (`advice.py`) fit.

        Both are keys of the catalogue: mark them with `N_`.
        """
        return None

    def forward_suspects(
        self, inputs: Mapping[str, Array], parameters: Mapping[str, Array]
    ) -> Iterator[tuple[Cause, tuple[Array, ...]]]:
        """Yield what usual mistakes of this layer would return, the likeliest first."""
        yield from ()

    def gradient_suspects(
        self,
        target: str,
        inputs: Mapping[str, Array],
        parameters: Mapping[str, Array],
        upstream: tuple[Array, ...],
    ) -> Iterator[tuple[Cause, Array]]:
        """Yield what usual mistakes of this layer would deliver at the target, the likeliest first."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Called:
    """What a call of a layer returned: its Tensors' values, one for each that the case names or fewer."""

    output: Output
    arrays: tuple[Array, ...]

    @property
    def rounded(self) -> bool:
        """Whether it was computed in float32."""
        return any(item.dtype == "float32" for item in self.output.items)


@dataclass(frozen=True, slots=True)
class Probe:
    """A layer of the hand-in with known values in it, and inputs for it."""

    case: LayerCase
    session: Session
    obj: int
    found: Mapping[str, TensorInfo]
    parameters: Mapping[str, Array]
    inputs: Mapping[str, Array]
    initial: Mapping[str, Array] = field(default_factory=dict)
    """The parameters' values as the hand-in drew them, before they were set."""

    def call(self, inputs: Mapping[str, Array], **options: Any) -> Called:
        """Run the layer, with the options of `Session.call`; raise Failed unless Tensors of numbers come back."""
        return self.judged(self.session.call(self.obj, list(inputs.values()), **options))

    def judged(self, output: Output) -> Called:
        """Return what came back of a call; raise Failed unless it is the Tensors asked for, or the first of them."""
        wanted = len(self.case.outputs)
        if not output.is_tensor or not 1 <= len(output.items) <= wanted:
            nothing = output.returned == "NoneType"
            expected = (
                _("one Tensor") if wanted == 1 else _("{count} Tensors ({names})", count=wanted, names=self._outputs())
            )
            raise Failed(
                _(
                    "{cls}.forward: expected it to return {expected}, got {got}.",
                    cls=self.case.cls,
                    expected=expected,
                    got=_("nothing (None)") if nothing else self._told(output),
                ),
                hint=_("Is there a `return` at its end?")
                if nothing
                else _("Return the result as a Tensor that is joined to the graph."),
                cause=Cause.WRONG_TYPE,
            )
        arrays = tuple(item.array for item in output.items if item.array is not None)
        if len(arrays) < len(output.items) or any(a.dtype.kind != "f" for a in arrays):
            raise Failed(
                _(
                    "{cls}.forward: expected a Tensor of float64 or float32, got one of {dtype}.",
                    cls=self.case.cls,
                    dtype=next(i.dtype for i in output.items if i.dtype not in ("float32", "float64")),
                ),
                hint=_("Compute in the dtype of the input."),
                cause=Cause.WRONG_TYPE,
            )
        return Called(output, arrays)

    def set(self, role: str, values: Array) -> None:
        """Give a parameter new values."""
        info = self.found[role]
        self.session.write(self.obj, {info.path: values.reshape(info.shape)})

    def name(self, target: str) -> str:
        """Return what to call an input or a parameter in a message: its attribute, or its shape."""
        if target in self.inputs:
            return _("shape {shape}", shape=self.inputs[target].shape)
        return f"`{self.found[target].path}`"

    def _outputs(self) -> str:
        return ", ".join(map(_, self.case.outputs))

    @staticmethod
    def _told(output: Output) -> str:
        if len(output.items) == 1 or not output.items:
            return output.returned
        return f"{output.returned} ({', '.join(item.type for item in output.items)})"


def probe(grader: Grader, case: LayerCase, need: Iterable[str], *key: str) -> Probe:
    """Build the layer, find its parameters and set them to random values.

    need: the roles that must be there; another that is missing counts as zero.
    """
    session = grader.session
    rng = grader.rng(case.cls, str(case), *key)
    built = session.build(case.cls, case.args, case.kwargs, seed=grader.child_seed(case.cls, str(case)))
    inputs = case.sample(rng)
    if any(not fitting(case, built.tensors, role) for role in case.shapes):
        # It may create what is missing on its first call.
        session.release(session.call(built.id, list(inputs.values())).id)
        built = session.tensors(built.id)
    found: dict[str, TensorInfo] = {}
    parameters = {}
    for role, shape in case.shapes.items():
        parameters[role] = case.scale * rng.standard_normal(shape)
        free = [t for t in built.tensors if t not in found.values()]  # where shapes tie, one Tensor plays one role
        if role in need or fitting(case, free, role):
            found[role] = find(case, free, role)
        else:
            parameters[role] = np.zeros(shape)
    drawn = session.read(built.id, [info.path for info in found.values()]) if found else {}
    initial = {role: drawn[info.path] for role, info in found.items() if drawn[info.path].shape == info.shape}
    result = Probe(case, session, built.id, found, parameters, inputs, initial)
    for role in found:
        result.set(role, parameters[role])
    return result


def at_handout(p: Probe) -> Probe | None:
    """Return the layer as the handout's model has it, with known values in it."""
    case = p.case.handout()
    if case is None:
        return None
    rng, session = np.random.default_rng(0), p.session
    built = session.build(case.cls, case.args, case.kwargs, seed=0)
    found = {role: find(case, built.tensors, role) for role in case.shapes}
    parameters = {role: case.scale * rng.standard_normal(shape) for role, shape in case.shapes.items()}
    there = Probe(case, session, built.id, found, parameters, case.sample(rng))
    for role, values in there.parameters.items():
        there.set(role, values)
    return there


def fitting(case: LayerCase, tensors: Iterable[TensorInfo], role: str) -> list[TensorInfo]:
    """List the Tensors that could play a role by their shapes, axes of length 1 aside, the likeliest first."""
    shape = case.shapes[role]
    fits = [t for t in tensors if _squeezed(t.shape) == _squeezed(shape)]
    return sorted(fits, key=lambda t: (t.shape != shape, t.path != role, not t.registered, t.kind != "Parameter"))


def find(case: LayerCase, tensors: Iterable[TensorInfo], role: str) -> TensorInfo:
    """Find the parameter that plays a role; raise Failed if none has the shape."""
    shape = case.shapes[role]
    if fits := fitting(case, tensors, role):
        return fits[0]
    there = ", ".join(f"{t.path} {t.shape}" for t in tensors) or _("no Tensor at all")
    raise Failed(
        _(
            "{case}: expected a {role} of shape {shape} on an attribute of the layer, found {there}.",
            case=case,
            role=_(role),
            shape=shape,
            there=there,
        ),
        hint=_(
            "Create it in __init__: self.{role} = nn.Parameter.new({shape}).",
            role=role,
            shape=", ".join(map(str, shape)),
        ),
        cause=Cause.PARAMETER_MISSING,
        evidence={"expected_shape": list(shape), "found": {t.path: list(t.shape) for t in tensors}},
    )


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)
