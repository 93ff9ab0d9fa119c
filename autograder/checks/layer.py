"""Checking one layer of a hand-in: its forward, its gradients and its parameters, in each of some configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.advice import advice
from autograder.checks.api import Failed, Grader, Passed
from autograder.checks.causes import Cause
from autograder.checks.compare import FLOAT32_TOLERANCE, first_mismatch
from autograder.checks.diagnosis import explain_output
from autograder.checks.gradient import gradient_is_right as gradient_is_right
from autograder.checks.probe import OUTPUT, Called, LayerCase, Probe, at_handout, probe
from autograder.sandbox import SandboxError, StudentError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograder.sandbox import Array

    Values = Mapping[str, Array]


def forward_is_right(grader: Grader, case: LayerCase, output: str = OUTPUT) -> None:
    """Raise Failed unless the layer computes what it should at `output`, whatever it was called on before."""
    p = probe(grader, case, case.shapes, "forward")
    again = case.resized()
    other = again.sample(grader.rng(case.cls, str(case), "again"))
    first = p.call(p.inputs)
    _output_is_right(p, p.case, p.inputs, first, output)
    _input_is_unchanged(p, p.inputs, first)
    _output_is_right(p, again, other, p.call(other), output, after=_("after a call on another input"))
    where = _("on an input whose entries do not lie side by side in memory")
    strided = p.call(p.inputs, layout="strided")
    _output_is_right(p, p.case, p.inputs, strided, output, after=where, cause=Cause.NEEDS_CONTIGUOUS)
    _output_is_right(p, p.case, p.inputs, _on_read_only(p), output)


def _output_is_right(
    p: Probe,
    case: LayerCase,
    inputs: Values,
    called: Called,
    output: str,
    *,
    after: str = "",
    cause: Cause | None = None,
) -> None:
    """Raise Failed unless an output has the right values; say which usual mistake gives those it has.

    after: what was special about the call, if it was right without. cause: what that points to.
    """
    place = case.outputs.index(output)
    if place >= len(called.arrays):
        raise Failed(
            _(
                "{case}: expected forward to return {count} Tensors ({names}), got only the first.",
                case=case,
                count=len(case.outputs),
                names=", ".join(map(_, case.outputs)),
            ),
            cause=Cause.WRONG_TYPE,
        )
    got = called.arrays[place]
    expected = case.forward(inputs, p.parameters)[place]
    mismatch = first_mismatch(got, expected, called.rounded) if got.shape == expected.shape else None
    if mismatch is None and got.shape == expected.shape:
        return
    found = explain_output(case, inputs, p.parameters, got, place)
    if found is not None:
        named = found.cause
    elif cause is not None:
        named = cause
    elif after:
        named = Cause.KEEPS_STATE
    elif not np.isfinite(got).all():
        named = Cause.NOT_FINITE
    elif _right_at_handout(p, output):
        named = Cause.HANDOUT_SIZES_ONLY
    else:
        named = Cause.VALUES_WRONG if mismatch else Cause.OUTPUT_SIZE
    said, hint = advice(named, None if found is None else found.factor, case=case)
    what = f"{_(output)} " if len(case.outputs) > 1 else ""
    when = f" {after}," if after else ""
    if mismatch is None:
        shape = next(iter(inputs.values())).shape
        raise Failed(
            _(
                "{case}:{when} expected an {what}output of shape {expected} for an input of shape {shape}, got {got}.",
                case=case,
                when=when,
                what=what,
                expected=expected.shape,
                shape=shape,
                got=got.shape,
            )
            + said,
            hint=hint,
            cause=named,
            evidence={"expected_shape": list(expected.shape), "got_shape": list(got.shape)},
        )
    raise Failed(
        _(
            "{case}:{when} the {what}output has the right shape, {shape}, but {mismatch}.",
            case=case,
            when=when,
            what=what,
            shape=expected.shape,
            mismatch=mismatch.told(),
        )
        + said,
        hint=hint,
        cause=named,
        evidence=mismatch.evidence(),
    )


def _input_is_unchanged(p: Probe, inputs: Values, called: Called) -> None:
    for (name, before), after in zip(inputs.items(), p.session.inputs(called.output.id), strict=True):
        if before.shape != after.shape or not np.array_equal(before, after):
            said, hint = advice(Cause.MODIFIES_INPUT)
            raise Failed(
                _("{case}: forward changes its input ({name}).", case=p.case, name=_(name)) + said,
                hint=hint,
                cause=Cause.MODIFIES_INPUT,
            )


def _on_read_only(p: Probe) -> Called:
    """Call the layer on an input that cannot be written to."""
    try:
        return p.call(p.inputs, layout="read_only")
    except StudentError as error:
        if "read-only" not in error.message:
            raise
        where = f"line {error.frames[-1].line}: `{error.frames[-1].text}`" if error.frames else error.message
        said, hint = advice(Cause.MODIFIES_INPUT)
        raise Failed(
            _("{case}: forward writes to its input ({where}).", case=p.case, where=where) + said,
            hint=hint,
            cause=Cause.MODIFIES_INPUT,
        ) from None


def _right_at_handout(p: Probe, output: str) -> bool:
    """Whether the forward is right at the sizes of the handout, though not at others."""
    try:
        there = at_handout(p)
        if there is None:
            return False
        got = there.call(there.inputs).arrays[there.case.outputs.index(output)]
    except (Failed, StudentError, IndexError):
        return False
    expected = there.case.forward(there.inputs, there.parameters)[there.case.outputs.index(output)]
    return got.shape == expected.shape and first_mismatch(got, expected) is None


def parameter_is_registered(grader: Grader, case: LayerCase) -> None:
    """Raise Failed unless each parameter is an nn.Parameter that `parameters()` finds."""
    p = probe(grader, case, case.shapes, "registered")
    for role, info in p.found.items():
        if info.registered:
            continue
        what = _(
            "{case}: the {role}, `{path}` of shape {shape},", case=case, role=_(role), path=info.path, shape=info.shape
        )
        if info.kind == "Tensor":
            raise Failed(
                what + " " + _("is a plain Tensor, so parameters() does not list it and no optimizer will move it."),
                hint=_("Wrap it: self.{path} = nn.Parameter(...).", path=info.path)
                if info.path.isidentifier()
                else _("Make it an nn.Parameter, on an attribute of its own."),
                cause=Cause.PLAIN_TENSOR,
                evidence={"path": info.path},
            )
        raise Failed(
            what
            + " "
            + _(
                "is an nn.Parameter, but parameters() does not list it: it sits in a list, a tuple or a dict, which "
                "is not searched."
            ),
            hint=_("Keep it on an attribute of its own: self.{role} = nn.Parameter(...).", role=role),
            cause=Cause.PARAMETER_IN_CONTAINER,
            evidence={"path": info.path},
        )


def for_each(grader: Grader, cases: Sequence[LayerCase], run: Callable[[LayerCase], object], note: str = "") -> Passed:
    """Run a check on every case; report how many were right, and the first that was wrong.

    run: what it returns says whether the case was computed in float32.
    note: what a student should know of how the cases were chosen.
    """
    grader.load()  # a hand-in that cannot be imported is no matter of one case
    wrong: list[Failed | StudentError] = []
    rounded = False
    for case in cases:
        try:
            rounded |= run(case) is True
        except Failed as error:
            wrong.append(error)
        except SandboxError as error:
            error.add_note(_("This happened with {case}.", case=case))
            if not isinstance(error, StudentError):
                raise
            wrong.append(error)
    if wrong:
        right = len(cases) - len(wrong)
        told = next((e for e in wrong if isinstance(e, Failed) and e.cause not in _UNNAMED), wrong[0])
        if isinstance(wrong[0], StudentError) or isinstance(told, StudentError):
            raise wrong[0]
        start = _("Right in {right} of {count} configurations.", right=right, count=len(cases)) + " " if right else ""
        evidence = {**told.evidence, "configurations": len(cases), "right": right}
        raise Failed(start + told.message, hint=told.hint, cause=told.cause, evidence=evidence)
    if rounded:
        note += " " + _(
            "Your output is float32, so it was held to the precision of float32: {tolerance:g} of the largest entry.",
            tolerance=FLOAT32_TOLERANCE,
        )
    return Passed(_("Right in all {count} configurations.", count=len(cases)) + note, {"configurations": len(cases)})


_UNNAMED = (Cause.VALUES_WRONG, Cause.BACKWARD_WRONG, Cause.OUTPUT_SIZE)
"""What is said where no usual mistake fits: of several failures, one that can be named is told."""
