"""Asking a layer for its gradients, in every way it may be used: once for all targets. Judging them is `gradient`'s."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.advice import advice
from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.checks.probe import Called, LayerCase, Probe, probe
from autograder.sandbox import StudentError
from autograder.sandbox.said import last_line, translated
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.sandbox import Array, TensorInfo

    Arrays = tuple[Array, ...]
    Values = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of pulling upstream gradients back: a gradient, or None, for each target."""

    called: Called
    upstream: Arrays
    gradients: dict[str, Array | None]


@dataclass(frozen=True, slots=True)
class Usage:
    """A way to use the layer other than once: what it is to a student, and what failing at it alone points to."""

    stage: str
    when: str
    cause: Cause


_IMAGES = Usage("images", N_("when the input requires no gradient, as images do"), Cause.ONLY_IF_INPUT_REQUIRES_GRAD)
_LARGE = 1e6
_COMPUTED = Usage("computed", N_("when the input is the result of an operation"), Cause.ONLY_IF_LEAF)
_USAGES = (
    Usage("large", N_("when the upstream gradient is a million times as large"), Cause.CLIPPED),
    Usage("again", N_("after a second backward(), which should add to the first"), Cause.DOES_NOT_ACCUMULATE),
    Usage("two losses", N_("when two losses use the output"), Cause.DOES_NOT_ACCUMULATE),
    Usage("twice", N_("when the layer is called twice on one input and both outputs are used"), Cause.KEEPS_STATE),
    Usage(
        "strided",
        N_("on an input and an upstream gradient whose entries do not lie side by side in memory"),
        Cause.NEEDS_CONTIGUOUS,
    ),
    # Of a layer that returns several.
    Usage("first output", N_("when a loss uses the first output alone"), Cause.BACKWARD_WRONG),
    Usage("last output", N_("when a loss uses the last output alone"), Cause.BACKWARD_WRONG),
)


def usages_for(case: LayerCase, target: str) -> list[Usage]:
    """List the usages in which a gradient is to arrive at the target."""
    if target in case.shapes:
        return [_IMAGES, *_USAGES]
    alone = N_("when no other input requires a gradient")
    return [*_USAGES, _COMPUTED, Usage(f"only {target}", alone, Cause.ONLY_IF_OTHERS_REQUIRE_GRAD)]


@dataclass(slots=True)
class Study:
    """All that was asked of a hand-in about the gradients of one case: each stage's answer, or how it failed."""

    p: Probe
    found: Mapping[str, TensorInfo]
    tensors: tuple[TensorInfo, ...]
    others: tuple[Values, ...]
    stages: dict[str, Pulled | Failed | StudentError]
    right: Arrays
    """The right outputs of the call that the gradients are those of."""
    again: Called | None = None
    changed: str = ""
    """The name of an input whose values a backward changed."""
    _exact: dict[int, dict[str, Array]] = field(default_factory=dict)

    def pulled(self, stage: str) -> Pulled:
        """Return what a stage came to; raise what it raised."""
        result = self.stages[stage]
        if isinstance(result, Pulled):
            return result
        raise copy.copy(result)

    @property
    def reaches_anything(self) -> bool:
        """Whether a gradient arrives anywhere."""
        return any(g is not None for g in self.pulled("plain").gradients.values())

    def exact(self, upstream: Arrays) -> dict[str, Array]:
        """Return the right gradients; computed once for all targets.

        The identity of `upstream` can stand for it: every one asked about lives in `stages`, as long as this does.
        """
        key = id(upstream)
        if key not in self._exact:
            self._exact[key] = right_gradients(self.p, upstream)
        return self._exact[key]


_KEPT = 2000
_right_gradients: dict[tuple[LayerCase, bytes], dict[str, Array]] = {}


def right_gradients(p: Probe, upstream: Arrays) -> dict[str, Array]:
    """Return `LayerCase.gradients`, remembered: all hand-ins that are graded with one seed are held to the same."""
    arrays = (*p.inputs.values(), *p.parameters.values(), *upstream)
    digest = hashlib.sha256(b"".join(repr((a.shape, a.dtype)).encode() + a.tobytes() for a in arrays)).digest()
    if (p.case, digest) not in _right_gradients:
        if len(_right_gradients) >= _KEPT:
            _right_gradients.clear()
        found = p.case.gradients(p.inputs, p.parameters, upstream)
        gradients = {target: np.array(gradient) for target, gradient in found.items()}  # a sum may come as a scalar
        for gradient in gradients.values():
            gradient.flags.writeable = False
        _right_gradients[p.case, digest] = gradients
    return _right_gradients[p.case, digest]


def study_of(grader: Grader, case: LayerCase) -> Study:
    """Ask the hand-in everything about the gradients of one case."""
    p = probe(grader, case, (), "gradient")
    session, rng = p.session, grader.rng(case.cls, str(case), "upstream")
    tensors = session.tensors(p.obj).tensors
    right = case.forward(p.inputs, p.parameters)
    u, v, w = (tuple(rng.standard_normal(y.shape) for y in right) for _ in range(3))
    both = tuple(a + b for a, b in zip(u, v, strict=True))
    before, after = case.sample(rng), case.sample(rng)
    study = Study(p, p.found, tensors, (before, after), {}, right)

    def pull(*calls: tuple[Called, Arrays], total: Arrays, alone: int | None = None, **options: bool) -> Pulled:
        first = calls[0][0]
        given = range(len(first.arrays)) if alone is None else (alone,)
        if len(given) < len(total):  # no gradient comes through an output that is not there, or not used
            total = tuple(dy if place in given else np.zeros_like(dy) for place, dy in enumerate(total))
        pulls = [
            (c.output.id, place, fitting(dy, y))
            for c, upstream in calls
            for place, (dy, y) in enumerate(zip(upstream, c.arrays, strict=False))
            if place in given and first.output.items[place].requires_grad
        ]
        if not pulls:
            return Pulled(first, total, dict.fromkeys((*p.inputs, *case.shapes)))
        (number, place, dy), *also = pulls
        arrived = session.backward(number, dy, item=place, also=also, **{"clear": True, **options})
        gradients = dict(zip(p.inputs, arrived.inputs, strict=True))
        gradients |= {role: arrived.tensors.get(info.path) for role, info in p.found.items()}
        return Pulled(first, total, gradients | {r: None for r in case.shapes if r not in p.found})

    def stage(name: str, ask: Callable[[], Pulled]) -> None:
        try:
            study.stages[name] = ask()
        except Failed as error:
            study.stages[name] = error
        except StudentError as error:
            study.stages[name] = _told(case, error, name)
            session.zero_grad(p.obj)

    def plain() -> Pulled:
        called = p.call(p.inputs)
        p.call(after)  # nor may a call between forward and backward change anything
        held.append(called)
        values = session.inputs(called.output.id)
        pulled = pull((called, u), total=u, clear=False)
        triples = zip(p.inputs, values, session.inputs(called.output.id), strict=True)
        study.changed = next((name for name, x, now in triples if not np.array_equal(x, now, equal_nan=True)), "")
        return pulled

    def twice() -> Pulled:
        one = p.call(p.inputs)
        two = p.judged(session.call_again(one.output.id))
        return pull((one, u), (two, v), total=both)

    def two_losses() -> Pulled:
        called = p.call(p.inputs)
        return pull((called, u), (called, v), total=both)

    def only(name: str) -> Pulled:
        return pull((p.call(p.inputs, requires_grad=[other == name for other in p.inputs]), u), total=u)

    held: list[Called] = []
    stage("first", lambda: pull((p.call(before), w), total=w))  # an upstream of its own: what stays of it shows
    stage("plain", plain)
    if held:
        stage("again", lambda: pull((held[0], v), total=both))
    else:
        study.stages["again"] = study.stages["plain"]
    large = tuple(_LARGE * dy for dy in u)
    stage("large", lambda: pull((p.call(p.inputs), large), total=large))
    stage("images", lambda: pull((p.call(p.inputs, requires_grad=False), u), total=u))
    stage("two losses", two_losses)
    stage("twice", twice)
    stage("computed", lambda: pull((p.call(p.inputs, layout="computed"), u), total=u))
    stage("strided", lambda: pull((p.call(p.inputs, layout="strided"), u), total=u, strided=True))
    for name in p.inputs if len(p.inputs) > 1 else ():
        stage(f"only {name}", partial(only, name))
    if len(case.outputs) > 1:
        last = len(case.outputs) - 1
        stage("first output", lambda: pull((p.call(p.inputs), u), total=u, alone=0))
        if held and len(held[0].arrays) > last:
            stage("last output", lambda: pull((p.call(p.inputs), u), total=u, alone=last))
    if held:
        study.again = p.call(p.inputs)
    return study


def fitting(dy: Array, y: Array) -> Array:
    """Return an upstream gradient for an output as it is, also where its shape is wrong."""
    return dy if dy.shape == y.shape else np.resize(dy, y.shape)


def _told(case: LayerCase, error: StudentError, stage: str) -> Failed | StudentError:
    """Say what an exception in a backward means, where that is known."""
    if "read-only" in error.message and error.frames:
        said, hint = advice(Cause.MODIFIES_UPSTREAM)
        return Failed(
            _("{case}: f_d writes to an array that is not its own ({where}).", case=case, where=last_line(error))
            + said,
            hint=hint,
            cause=Cause.MODIFIES_UPSTREAM,
        )
    if error.kind == "ShapeError" and ".f_d: expected a gradient of shape" in error.message:
        return Failed(
            f"{case}: {translated(error.message)}",
            hint=advice(Cause.GRADIENT_SHAPE)[1],
            cause=Cause.GRADIENT_SHAPE,
        )
    when = next((usage.when for usage in (_IMAGES, _COMPUTED, *_USAGES) if usage.stage == stage), None)
    if when is None:
        error.add_note(_("This happened with {case}.", case=case))
    else:
        error.add_note(_("This happened with {case}, {when}.", case=case, when=_(when)))
    return error
