"""Checking the gradients of a layer: each is held to the exact one at every entry, with random upstream gradients.

However the layer is used: called before and after, on images that need no gradient, pulled back twice, called
twice on one input, its output used by two losses, on an input with gaps in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from autograder.checks import differences
from autograder.checks.advice import advice
from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.checks.compare import first_mismatch
from autograder.checks.diagnosis import Pull, explain_gradient
from autograder.checks.probe import LayerCase, Probe, at_handout, find, probe
from autograder.checks.severed import Where, where_severed
from autograder.checks.study import Pulled, Study, Usage, fitting, study_of, usages_for
from autograder.sandbox import StudentError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograder.checks.compare import Mismatch
    from autograder.sandbox import Array

    Arrays = tuple[Array, ...]
    Values = Mapping[str, Array]


def gradient_is_right(grader: Grader, case: LayerCase, target: str) -> bool:
    """Raise Failed unless the gradient to `target`, an input or a role, is right, with random upstream gradients.

    It is held to the exact gradient, entry by entry. If it is another, the usual mistakes are tried on it, and
    finite differences of the hand-in's own forward tell whether to look at the backward or at the forward.
    Returns whether it was computed in float32, and judged by its tolerance.
    """
    study = grader.once(("gradient", case), lambda: study_of(grader, case))
    if target in case.shapes and target not in study.found:
        find(case, study.tensors, target)
    plain = study.pulled("plain")
    if study.pulled("first").gradients[target] is None:
        _severed(grader, study, target)
    if study.changed:
        _changes(study, _("the backward changes the {name}", name=_(study.changed)))
    _same_again(study)
    _is_exact(grader, study, plain, target)
    for usage in usages_for(case, target):
        if usage.stage not in study.stages:
            continue
        _is_exact(grader, study, study.pulled(usage.stage), target, usage)
    return plain.called.rounded


def _is_exact(grader: Grader, study: Study, pulled: Pulled, target: str, usage: Usage | None = None) -> None:
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
    right, mismatch = study.right, None
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
    study: Study, pulled: Pulled, target: str, got: Array, mismatch: Mismatch, usage: Usage | None
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


def _forward_is_wrong(grader: Grader, study: Study, pulled: Pulled, target: str, got: Array) -> NoReturn:
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
        return sum(float(np.vdot(fitting(dy, y), y)) for dy, y in zip(upstream, arrays, strict=False))

    return differences.first_disagreement(loss, base, got.reshape(base.shape), np.random.default_rng(0))


def _same_again(study: Study) -> None:
    """Raise Failed unless the same input and parameters gave the same output."""
    before, after = study.pulled("plain").called.arrays, study.again
    if after is not None and all(_equal(a, b) for a, b in zip(before, after.arrays, strict=False)):
        return
    p = study.p
    now = p.session.read(p.obj, [info.path for info in p.found.values()]) if p.found else {}
    for role, info in p.found.items():
        if info.path in now and first_mismatch(now[info.path], p.parameters[role].reshape(info.shape)) is not None:
            _changes(study, _("the forward or the backward changes `{path}`", path=info.path))
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


def _changes(study: Study, what: str) -> NoReturn:
    """Raise Failed: something is changed that is there for others to read."""
    said, hint = advice(Cause.CHANGES_VALUES)
    raise Failed(f"{study.p.case}: {what}.{said}", hint=hint, cause=Cause.CHANGES_VALUES)


def _equal(a: Array, b: Array) -> bool:
    """Whether two outputs are the same but for the rounding of sums in another order."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return np.array_equal(a, b, equal_nan=True)
    return np.allclose(a, b, rtol=0, atol=1e-9 * float(np.abs(a).max(initial=0)))


def _severed(grader: Grader, study: Study, target: str) -> NoReturn:
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


def _right_without_a_call_between(study: Study, target: str) -> bool:
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
