"""Checking the gradients of a layer: each is held to the exact one at every entry, with random upstream gradients.

However the layer is used: called before and after, on images that need no gradient, pulled back twice, called
twice on one input, its output used by two losses, on an input with gaps in memory.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from autograder.checks import differences
from autograder.checks.advice import advice
from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.checks.compare import first_mismatch
from autograder.checks.diagnosis import Pull, explain_gradient
from autograder.checks.probe import Called, LayerCase, Probe, at_handout, find, probe
from autograder.checks.severed import Where, where_severed
from autograder.sandbox import StudentError
from autograder.sandbox.said import last_line, translated
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autograder.checks.compare import Mismatch
    from autograder.sandbox import Array, TensorInfo

    Arrays = tuple[Array, ...]
    Values = Mapping[str, Array]


def gradient_is_right(grader: Grader, case: LayerCase, target: str) -> bool:
    """Raise Failed unless the gradient to `target`, an input or a role, is right, with random upstream gradients.

    It is held to the exact gradient, entry by entry. If it is another, the usual mistakes are tried on it, and
    finite differences of the hand-in's own forward tell whether to look at the backward or at the forward.
    Returns whether it was computed in float32, and judged by its tolerance.
    """
    study = grader.once(("gradient", case), lambda: _study(grader, case))
    if target in case.shapes and target not in study.found:
        find(case, study.tensors, target)
    plain = study.pulled("plain")
    if study.pulled("first").gradients[target] is None:
        _severed(grader, study, target)
    _same_again(study)
    _is_exact(grader, study, plain, target)
    for usage in _usages(case, target):
        if usage.stage not in study.stages:
            continue
        _is_exact(grader, study, study.pulled(usage.stage), target, usage)
    return plain.called.rounded


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of pulling upstream gradients back: a gradient, or None, for each target."""

    called: Called
    upstream: Arrays
    gradients: dict[str, Array | None]


@dataclass(frozen=True, slots=True)
class _Usage:
    """A way to use the layer other than once: what it is to a student, and what failing at it alone points to."""

    stage: str
    when: str
    cause: Cause


_IMAGES = _Usage("images", N_("when the input requires no gradient, as images do"), Cause.ONLY_IF_INPUT_REQUIRES_GRAD)
_LARGE = 1e6
_USAGES = (
    _Usage("large", N_("when the upstream gradient is a million times as large"), Cause.CLIPPED),
    _Usage("again", N_("after a second backward(), which should add to the first"), Cause.DOES_NOT_ACCUMULATE),
    _Usage("two losses", N_("when two losses use the output"), Cause.DOES_NOT_ACCUMULATE),
    _Usage("twice", N_("when the layer is called twice on one input and both outputs are used"), Cause.KEEPS_STATE),
    _Usage(
        "strided",
        N_("on an input and an upstream gradient whose entries do not lie side by side in memory"),
        Cause.NEEDS_CONTIGUOUS,
    ),
    # Of a layer that returns several.
    _Usage("first output", N_("when a loss uses the first output alone"), Cause.BACKWARD_WRONG),
    _Usage("last output", N_("when a loss uses the last output alone"), Cause.BACKWARD_WRONG),
)


def _usages(case: LayerCase, target: str) -> list[_Usage]:
    """List the usages in which a gradient is to arrive at the target."""
    if target in case.shapes:
        return [_IMAGES, *_USAGES]
    alone = N_("when no other input requires a gradient")
    return [*_USAGES, _Usage(f"only {target}", alone, Cause.ONLY_IF_OTHERS_REQUIRE_GRAD)]


@dataclass(slots=True)
class _Study:
    """All that was asked of a hand-in about the gradients of one case: each stage's answer, or how it failed."""

    p: Probe
    found: Mapping[str, TensorInfo]
    tensors: tuple[TensorInfo, ...]
    others: tuple[Values, ...]
    stages: dict[str, Pulled | Failed | StudentError]
    again: Called | None = None
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
        """Return the right gradients; computed once for all targets."""
        key = id(upstream)
        if key not in self._exact:
            self._exact[key] = self.p.case.gradients(self.p.inputs, self.p.parameters, upstream)
        return self._exact[key]


def _study(grader: Grader, case: LayerCase) -> _Study:
    """Ask the hand-in everything about the gradients of one case."""
    p = probe(grader, case, (), "gradient")
    session, rng = p.session, grader.rng(case.cls, str(case), "upstream")
    tensors = session.tensors(p.obj).tensors
    shapes = [y.shape for y in case.forward(p.inputs, p.parameters)]
    u, v, w = (tuple(rng.standard_normal(shape) for shape in shapes) for _ in range(3))
    both = tuple(a + b for a, b in zip(u, v, strict=True))
    before, after = case.sample(rng), case.sample(rng)
    study = _Study(p, p.found, tensors, (before, after), {})

    def pull(*calls: tuple[Called, Arrays], total: Arrays, alone: int | None = None, strided: bool = False) -> Pulled:
        first = calls[0][0]
        given = range(len(first.arrays)) if alone is None else (alone,)
        if len(given) < len(total):  # no gradient comes through an output that is not there, or not used
            total = tuple(dy if place in given else np.zeros_like(dy) for place, dy in enumerate(total))
        pulls = [
            (c.output.id, place, _fitting(dy, y))
            for c, upstream in calls
            for place, (dy, y) in enumerate(zip(upstream, c.arrays, strict=False))
            if place in given and first.output.items[place].requires_grad
        ]
        if not pulls:
            return Pulled(first, total, dict.fromkeys((*p.inputs, *case.shapes)))
        (number, place, dy), *also = pulls
        arrived = session.backward(number, dy, item=place, also=also, strided=strided)
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
        if name != "plain":
            session.zero_grad(p.obj)

    def plain() -> Pulled:
        called = p.call(p.inputs)
        p.call(after)  # nor may a call between forward and backward change anything
        held.append(called)
        return pull((called, u), total=u)

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
    stage("again", lambda: pull((held[0], v), total=both) if held else study.pulled("plain"))
    large = tuple(_LARGE * dy for dy in u)
    stage("large", lambda: pull((p.call(p.inputs), large), total=large))
    stage("images", lambda: pull((p.call(p.inputs, requires_grad=False), u), total=u))
    stage("two losses", two_losses)
    stage("twice", twice)
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


def _fitting(dy: Array, y: Array) -> Array:
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
    when = next((usage.when for usage in (_IMAGES, *_USAGES) if usage.stage == stage), None)
    if when is None:
        error.add_note(_("This happened with {case}.", case=case))
    else:
        error.add_note(_("This happened with {case}, {when}.", case=case, when=_(when)))
    return error


def _is_exact(grader: Grader, study: _Study, pulled: Pulled, target: str, usage: _Usage | None = None) -> None:
    """Raise Failed unless a gradient is the exact one; say which usual mistake gives the one it is."""
    p, got = study.p, pulled.gradients[target]
    case, rounded = p.case, pulled.called.rounded
    when = "" if usage is None else f" {_(usage.when)},"
    if got is None:
        if usage is None:
            _severed(grader, study, target)
        said, hint = advice(usage.cause)
        if usage.stage == "images":
            where = grader.once(
                ("where", case.cls, target, "images"), lambda: _where(grader, case, target, requires_grad=False)
            )
            said += where.said if where is not None else ""
        raise Failed(
            _(
                "{case}:{when} no gradient arrives at the {target} ({name}).",
                case=case,
                when=when,
                target=_(target),
                name=p.name(target),
            )
            + said,
            hint=hint,
            cause=usage.cause,
        )
    shape = p.inputs[target].shape if target in p.inputs else p.found[target].shape
    if got.shape != shape:
        raise Failed(
            _(
                "{case}: expected a gradient of shape {shape} at the {target}, that of its values, got {got}.",
                case=case,
                shape=shape,
                target=_(target),
                got=got.shape,
            ),
            hint=advice(Cause.GRADIENT_SHAPE)[1],
            cause=Cause.GRADIENT_SHAPE,
            evidence={"expected_shape": list(shape), "got_shape": list(got.shape)},
        )
    right = case.forward(p.inputs, p.parameters)
    mismatch = None
    if [y.shape for y in pulled.called.arrays] == [y.shape for y in right][: len(pulled.called.arrays)]:
        mismatch = first_mismatch(got, study.exact(pulled.upstream)[target].reshape(shape), rounded)
        if mismatch is None:
            return
    forward_agrees = mismatch is not None and all(
        first_mismatch(y, expected, rounded) is None for y, expected in zip(pulled.called.arrays, right, strict=False)
    )
    if mismatch is None or not forward_agrees:
        _forward_is_wrong(grader, study, pulled, target, got)
    _raise_wrong(study, pulled, target, got, mismatch, usage)


def _raise_wrong(
    study: _Study, pulled: Pulled, target: str, got: Array, mismatch: Mismatch, usage: _Usage | None
) -> NoReturn:
    """Raise Failed: the forward is right and the gradient is not; say which usual mistake makes it so."""
    p = study.p
    earlier = study.pulled("first").gradients[target]
    pull = Pull(target, p.inputs, p.parameters, pulled.upstream, got, study.others, earlier, pulled.called.rounded)
    found = explain_gradient(p.case, pull)
    if found is not None and (usage is None or found.cause is Cause.KEEPS_STATE):
        named = found.cause
    elif usage is not None:
        named = usage.cause
    elif _right_without_a_call_between(study, target):
        named = Cause.KEEPS_STATE
    elif _right_at_handout(p, target):
        named = Cause.HANDOUT_SIZES_ONLY
    else:
        named = Cause.BACKWARD_WRONG
    said, hint = advice(named, None if found is None else found.factor, case=p.case)
    raise Failed(
        _(
            "{case}: the forward is right, but{when} the backward does not match it. Of the gradient at the {target} "
            "({name}), {mismatch}.",
            case=p.case,
            when="" if usage is None else f" {_(usage.when)},",
            target=_(target),
            name=p.name(target),
            mismatch=mismatch.told(),
        )
        + said,
        hint=hint,
        cause=named,
        evidence={"factor": None if found is None else found.factor, **mismatch.evidence()},
    )


def _forward_is_wrong(grader: Grader, study: _Study, pulled: Pulled, target: str, got: Array) -> NoReturn:
    """Raise Failed: the forward is wrong; say whether the gradient is at least its own."""
    off = _off_its_own_forward(grader, study.p.case, target, got, pulled.upstream)
    if off is None:
        backward = _("Your backward matches your forward.")
        hint = _("Fix the forward first (see its own check above): this will then pass too.")
    else:
        backward = _(
            "Your backward does not match your forward either: by its central differences, {mismatch}.",
            mismatch=off.told(),
        )
        hint = _("Fix the forward first (see its own check above).")
    raise Failed(
        _(
            "{case}: a gradient arrives at the {target}, but your forward is wrong, so this is the gradient of "
            "something else. {backward}",
            case=study.p.case,
            target=_(target),
            backward=backward,
        ),
        hint=hint,
        cause=Cause.FORWARD_WRONG,
        evidence={"backward_matches_forward": off is None},
    )


def _off_its_own_forward(grader: Grader, case: LayerCase, target: str, got: Array, upstream: Arrays) -> Mismatch | None:
    """Return where a gradient is not that of the hand-in's own forward, right or wrong; None if it is throughout."""
    p = probe(grader, case, (), "gradient")
    base = p.inputs[target] if target in p.inputs else p.parameters[target]

    def loss(values: Array) -> float:
        inputs = p.inputs
        if target in inputs:
            inputs = {**inputs, target: values}
        else:
            p.set(target, values)
        arrays = p.call(inputs, grad=False).arrays
        return sum(float(np.vdot(_fitting(dy, y), y)) for dy, y in zip(upstream, arrays, strict=False))

    return differences.first_disagreement(loss, base, got.reshape(base.shape), np.random.default_rng(0))


def _same_again(study: _Study) -> None:
    """Raise Failed unless the same input and parameters gave the same output."""
    before, after = study.pulled("plain").called.arrays, study.again
    if after is not None and all(_equal(a, b) for a, b in zip(before, after.arrays, strict=False)):
        return
    said, hint = advice(Cause.NOT_DETERMINISTIC)
    raise Failed(
        _(
            "{case}: expected the same output whenever the input and the parameters are the same, and got different "
            "ones.",
            case=study.p.case,
        )
        + said,
        hint=hint,
        cause=Cause.NOT_DETERMINISTIC,
    )


def _equal(a: Array, b: Array) -> bool:
    """Whether two outputs are the same but for the rounding of sums in another order."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return np.array_equal(a, b, equal_nan=True)
    return np.allclose(a, b, rtol=0, atol=1e-9 * float(np.abs(a).max(initial=0)))


def _severed(grader: Grader, study: _Study, target: str) -> NoReturn:
    """Raise Failed: no gradient arrives at the target, and where its path breaks."""
    p = study.p
    info = p.found.get(target)
    plain = info is not None and not info.requires_grad
    where = grader.once(("where", p.case.cls, target), lambda: _where(grader, p.case, target))
    if where is not None:
        said, hint = where.said, where.hint
    else:
        said = " " + _(
            "It was computed from arrays (a read of `.arr` or `.numpy()`) and put in a new Tensor, which has no graph; "
            "or the GradFn did not get it in super().__init__(x, w, b), or returned None for it."
        )
        hint = _(
            "Compute with Tensors all the way (w * x[...], npt.einsum, assignment into npt.zeros(...)), or write the "
            "result's derivative in a GradFn and join them: attach(out, YourGradFn(x, self.w, self.b))."
        )
    raise Failed(
        _(
            "{case}: no gradient arrives at the {target} ({name}).",
            case=p.case,
            target=_(target),
            name=p.name(target),
        )
        + said,
        hint=hint,
        cause=Cause.PLAIN_TENSOR if plain and study.reaches_anything else Cause.SEVERED,
        evidence={"plain_tensor": plain, "breaks": [] if where is None else where.evidence},
    )


def _where(grader: Grader, case: LayerCase, target: str, *, requires_grad: bool = True) -> Where | None:
    """Find where in the source the path from a target breaks."""
    return where_severed(probe(grader, case, (), "gradient"), [target], requires_grad=requires_grad)


def _right_without_a_call_between(study: _Study, target: str) -> bool:
    """Whether a gradient is right when no other call comes between its forward and its backward."""
    result = study.stages["two losses"]
    got = result.gradients[target] if isinstance(result, Pulled) else None
    if not isinstance(result, Pulled) or got is None:
        return False
    expected = study.exact(result.upstream)[target]
    return got.size == expected.size and first_mismatch(got.reshape(expected.shape), expected) is None


def _right_at_handout(p: Probe, target: str) -> bool:
    """Whether a gradient is right at the sizes of the handout, though not at others."""
    try:
        there = at_handout(p)
        if there is None:
            return False
        called = there.call(there.inputs)
        dy = np.random.default_rng(1).standard_normal(called.arrays[0].shape)
        arrived = there.session.backward(called.output.id, dy)
    except (Failed, StudentError):
        return False
    got = dict(zip(there.inputs, arrived.inputs, strict=True)).get(target)
    if target in there.found:
        got = arrived.tensors.get(there.found[target].path)
    upstream = (dy, *(np.zeros_like(y) for y in there.case.forward(there.inputs, there.parameters)[1:]))
    expected = there.case.gradients(there.inputs, there.parameters, upstream)[target]
    return (
        got is not None and got.size == expected.size and first_mismatch(got.reshape(expected.shape), expected) is None
    )
