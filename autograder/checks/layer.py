"""Checking one layer of a hand-in: its forward, its gradients and its parameters, in each of some configurations.

Long, for each way of using a layer is a function of a few lines, with what it says to a student.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograder.checks.advice import advice
from autograder.checks.api import Failed, Grader, Passed
from autograder.checks.causes import Cause
from autograder.checks.compare import FLOAT32_TOLERANCE, first_mismatch
from autograder.checks.diagnosis import explain_output
from autograder.checks.gradient import gradient_is_right as gradient_is_right
from autograder.checks.probe import OUTPUT, Called, LayerCase, Probe, at_handout, probe
from autograder.sandbox import SandboxError, StudentError
from autograder.sandbox.said import last_line, translated
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograder.sandbox import Array, Built

    Values = Mapping[str, Array]

Case = TypeVar("Case", bound=LayerCase)


def forward_is_right(grader: Grader, case: LayerCase, output: str = OUTPUT) -> bool:
    """Raise Failed unless the layer computes what it should at `output`, whatever it was called on before.

    Returns whether it was computed in float32, and judged by its tolerance.
    """
    p = probe(grader, case, case.shapes, "forward")
    rng = grader.rng(case.cls, str(case), "again")
    try:
        first = p.call(p.inputs)
    except StudentError as error:
        _fits_only_the_handout(p, output, error)
        raise
    _output_is_right(p, p.case, p.inputs, first, output)
    _input_is_unchanged(p, p.inputs, first)
    for again in case.resized():
        other = again.sample(rng)
        try:
            second = p.call(other)
        except StudentError as error:
            fresh = probe(grader, again, again.shapes, "fresh")
            fresh.call(fresh.inputs)  # if this raises too, no earlier call is to blame
            raise _raised(again, error, Cause.KEEPS_STATE, when=_("after a call on another input")) from None
        if not _agrees(p, again, other, second, output):
            fresh = probe(grader, again, again.shapes, "fresh")
            _output_is_right(fresh, again, fresh.inputs, fresh.call(fresh.inputs), output)
            _output_is_right(p, again, other, second, output, after=_("after a call on another input"))
    for when, options, cause in _WAYS:
        called = p.call(p.inputs, **options)
        _output_is_right(p, p.case, p.inputs, called, output, after=_(when), cause=cause)
    last = _on_read_only(p)
    _output_is_right(p, p.case, p.inputs, last, output, after=_("after other calls"))
    _is_apart(grader, p, output)
    _follows_its_parameters(p, case.sample(rng), rng, output)
    _output_is_kept(p, last)
    _tells_inputs_apart(p, case.sample(rng), output)
    return first.rounded


_WAYS: tuple[tuple[str, dict[str, Any], Cause], ...] = (
    (
        N_("on an input whose entries do not lie side by side in memory"),
        {"layout": "strided"},
        Cause.NEEDS_CONTIGUOUS,
    ),
    (N_("on an input that requires no gradient"), {"requires_grad": False}, Cause.NEEDS_GRADIENT),
    (
        N_("under no_grad and in evaluation mode"),
        {"requires_grad": False, "grad": False},
        Cause.NEEDS_GRADIENT,
    ),
)
"""Other ways to call a layer: what each is to a student, how it is done, and what failing at it alone points to."""


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
            hint=_("Return a tuple of them all, in that order."),
            cause=Cause.WRONG_TYPE,
        )
    got = called.arrays[place]
    expected = case.forward(inputs, p.parameters)[place]
    mismatch = first_mismatch(got, expected, called.rounded) if got.shape == expected.shape else None
    if mismatch is None and got.shape == expected.shape:
        return
    found = explain_output(case, inputs, p.parameters, got, place) if cause is None else None
    if not after and _changes(p, inputs, got, place):
        found, named = None, Cause.NOT_DETERMINISTIC
    elif cause is not None:
        named = cause
    elif found is not None:
        named = found.cause
    elif after:
        named = Cause.KEEPS_STATE
    elif _is_of_initial_parameters(p, case, inputs, got, place):
        named = Cause.STALE_PARAMETERS
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


def _is_apart(grader: Grader, p: Probe, output: str) -> None:
    """Raise Failed unless the layer computes what it did, now that there is another one with other settings."""
    settings = [value + 1 if type(value) is int else value for value in p.case.args]
    try:
        grader.session.build(p.case.cls, settings, seed=0)
    except StudentError:
        return  # there is no such layer
    after = _("after another layer, of other sizes, was made")
    try:
        called = p.call(p.inputs)
    except StudentError as error:
        raise _raised(p.case, error, Cause.SHARED_SETTINGS, when=after) from None
    _output_is_right(p, p.case, p.inputs, called, output, after=after, cause=Cause.SHARED_SETTINGS)


def _follows_its_parameters(p: Probe, inputs: Values, rng: np.random.Generator, output: str) -> None:
    """Raise Failed unless the output is right when the parameters have changed, as an optimizer changes them."""
    moved = {role: p.case.scale * rng.standard_normal(values.shape) for role, values in p.parameters.items()}
    after = replace(p, parameters={role: moved[role] if role in p.found else p.parameters[role] for role in moved})
    for role in p.found:
        after.set(role, moved[role])
    called = p.call(inputs)
    if _agrees(after, p.case, inputs, called, output):
        return
    for role in p.found:
        p.set(role, p.parameters[role])
    if p.found and _agrees(p, p.case, inputs, p.call(inputs), output):
        when, cause = _("after its parameters have changed"), Cause.STALE_PARAMETERS
    else:
        when, cause = _("after a call on another input"), Cause.KEEPS_STATE
    _output_is_right(after, p.case, inputs, called, output, after=when, cause=cause)


def _output_is_kept(p: Probe, called: Called) -> None:
    """Raise Failed unless a call's output is what it was, though the layer was called again since."""
    now = p.session.outputs(called.output.id)
    if all(np.array_equal(a, b, equal_nan=True) for a, b in zip(called.arrays, now, strict=True)):
        return
    said, hint = advice(Cause.OUTPUT_REUSED)
    raise Failed(
        _("{case}: when the layer is called once more, the output of the call before it changes.", case=p.case) + said,
        hint=hint,
        cause=Cause.OUTPUT_REUSED,
    )


def _tells_inputs_apart(p: Probe, inputs: Values, output: str) -> None:
    """Raise Failed if an input is taken for an earlier one that lay in the same place in memory."""
    for role in p.found:
        p.set(role, p.parameters[role])
    earlier = p.call(p.inputs)
    called = p.call(inputs, replacing=earlier.output.id)
    when = _("on a new input that lies where an earlier one lay in memory, so that id(x) is the same")
    _output_is_right(p, p.case, inputs, called, output, after=when, cause=Cause.KEEPS_STATE)


def _agrees(p: Probe, case: LayerCase, inputs: Values, called: Called, output: str) -> bool:
    place = case.outputs.index(output)
    expected = case.forward(inputs, p.parameters)[place]
    if place >= len(called.arrays) or called.arrays[place].shape != expected.shape:
        return False
    return first_mismatch(called.arrays[place], expected, called.rounded) is None


def _is_of_initial_parameters(p: Probe, case: LayerCase, inputs: Values, got: Array, place: int) -> bool:
    """Whether an output is that of a parameter, or of all, as the hand-in drew them, though they were set to others."""
    drawn = {role: values.reshape(case.shapes[role]).astype(np.float64) for role, values in p.initial.items()}
    for old in (drawn, *({role: values} for role, values in drawn.items())):
        expected = case.forward(inputs, {**p.parameters, **old})[place]
        if old and got.shape == expected.shape and first_mismatch(got, expected) is None:
            return True
    return False


def _changes(p: Probe, inputs: Values, got: Array, place: int) -> bool:
    """Whether the same call gives something else."""
    again = p.call(inputs).arrays
    return place < len(again) and not np.array_equal(got, again[place], equal_nan=True)


def _fits_only_the_handout(p: Probe, output: str, error: StudentError) -> None:
    """Raise Failed if the forward that raised here is right at the sizes of the handout."""
    if not _right_at_handout(p, output):
        return
    error.add_note(_("This happened with {case}.", case=p.case))
    raise _raised(p.case, error, Cause.HANDOUT_SIZES_ONLY) from error


def _raised(case: LayerCase, error: StudentError, cause: Cause, *, when: str = "") -> Failed:
    """Say that a forward raised, and what that points to, for it does not elsewhere."""
    said, hint = advice(cause)
    text = translated(error.message)
    return Failed(
        _(
            "{case}:{when} your code raised {kind}{where}. {text}",
            case=case,
            when=f" {when}," if when else "",
            kind=error.kind,
            where=f" ({last_line(error)})" if error.frames else "",
            text=text if text.endswith((".", "!", "?")) else f"{text}.",
        )
        + said,
        hint=hint,
        cause=cause,
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
        said, hint = advice(Cause.MODIFIES_INPUT)
        raise Failed(
            _("{case}: forward writes to its input ({where}).", case=p.case, where=last_line(error)) + said,
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
    built = grader.session.build(case.cls, case.args, case.kwargs, seed=grader.child_seed("registered"))
    for role, info in p.found.items():
        if info.path not in {tensor.path for tensor in built.tensors}:
            raise Failed(
                _(
                    "{case}: the {role}, `{path}`, is there only after the first call. An optimizer is made before "
                    "that, and never learns of it.",
                    case=case,
                    role=_(role),
                    path=info.path,
                ),
                hint=_("Create every parameter in __init__, from the sizes that it gets."),
                cause=Cause.PARAMETER_MISSING,
            )
    _is_its_own(p, built)
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


def _is_its_own(p: Probe, other: Built) -> None:
    """Raise Failed if another layer of the same sizes holds the same parameters."""
    paths = [info.path for info in p.found.values()]
    before = p.session.read(other.id, paths)
    p.session.write(p.obj, {path: values + 1 for path, values in p.session.read(p.obj, paths).items()})
    now = p.session.read(other.id, paths)
    for role, info in p.found.items():
        if not np.array_equal(before[info.path], now[info.path], equal_nan=True):
            raise Failed(
                _(
                    "{case}: two layers of these sizes have one {role}, `{path}`, between them.",
                    case=p.case,
                    role=_(role),
                    path=info.path,
                ),
                hint=_("Make every parameter anew in __init__: not in the class, nor as the default of an argument."),
                cause=Cause.SHARES_MEMORY,
            )


def for_each(grader: Grader, cases: Sequence[Case], run: Callable[[Case], object], note: str = "") -> Passed:
    """Run a check on every case; report how many were right, and of the others what most have in common.

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
            if not any(str(case) in note for note in getattr(error, "__notes__", ())):
                error.add_note(_("This happened with {case}.", case=case))
            if not isinstance(error, StudentError):
                raise
            wrong.append(error)
    if wrong:
        right = len(cases) - len(wrong)
        told = _telling(wrong)
        if isinstance(told, StudentError):
            raise told
        if right and isinstance(told.__cause__, StudentError):
            raise told.__cause__  # right at other sizes too: so what it raised is not for its size
        start = _("Right in {right} of {count} configurations.", right=right, count=len(cases)) + " " if right else ""
        evidence = {**told.evidence, "configurations": len(cases), "right": right}
        raise Failed(start + told.message, hint=told.hint, cause=told.cause, evidence=evidence)
    if rounded:
        note += " " + _(
            "Your output is float32, so it was held to the precision of float32: {tolerance:g} of the largest entry.",
            tolerance=FLOAT32_TOLERANCE,
        )
    return Passed(_("Right in all {count} configurations.", count=len(cases)) + note, {"configurations": len(cases)})


def _telling(wrong: Sequence[Failed | StudentError]) -> Failed | StudentError:
    """Return the first of the failures whose cause most of them have; of two as common, the first."""
    counts = Counter(_cause(error) for error in wrong)
    most, _count = counts.most_common(1)[0]
    if most in (Cause.BACKWARD_WRONG, Cause.VALUES_WRONG) and Cause.HANDOUT_SIZES_ONLY in counts:
        most = Cause.HANDOUT_SIZES_ONLY  # only some configurations can tell
    return next(error for error in wrong if _cause(error) is most)


def _cause(error: Failed | StudentError) -> Cause | None:
    return error.cause if isinstance(error, Failed) else Cause.RAISED
