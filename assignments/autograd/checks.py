"""The checks of the assignment on the engine. Ids are stable; points are in assignment.toml.

Rules are judged as layers without parameters, everything else by what `harness.py` makes callable. What is right
comes from the library: its engine runs the same programs. Those of the questions are in withheld_checks.py.

Long, for it is as many parts as the handout has, in its order; each can be read without the others.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks import Cause, Check, Failed, Grader, Passed, check, layer
from autograder.checks import policy as policies
from autograder.checks.advice import advice
from autograder.checks.beside import beside
from autograder.checks.compare import first_mismatch
from autograder.checks.diagnosis import factor_of
from autograder.checks.engines import wrong_engines
from autograder.checks.probe import LayerCase
from autograder.checks.rules import (
    RuleCase,
    away_from_zero,
    distinct,
    distinct_but_close,
    normal,
    positive,
    some_large,
    tiny,
    tiny_of_both_signs,
    whole,
    wide,
    with_zeros,
)
from autograder.checks.types import TypeCheck, types_are_strict
from autograder.sandbox import SandboxError, StudentError
from autograder.words import N_, _
from numpytorch.autograd.engine import propagate as engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from autograder.sandbox import Array


harness: Any = beside(__file__, "harness")


def _is_own_work(grader: Grader) -> None:
    """Raise Failed if the library does what is asked of the hand-in."""
    allowed = grader.assignment.config.imports
    grader.once("own work", lambda: policies.does_it_itself(grader.submission, "numpytorch", allowed))


# ---- part 1: rules -----------------------------------------------------------------------------------------


def _case(operation: str, *operands: tuple[int, ...], option: str = "", **rest: Any) -> RuleCase:
    options = harness.OPTIONS[option]
    forward = harness.OPERATIONS[operation].forward

    def compute(*arrays: Array) -> Array:
        result: Array = forward(*arrays, *options)
        return result

    return RuleCase(operation, operands, compute, option, options, **rest)


def _two_operands(operation: str, *draw: Callable[..., Array]) -> tuple[RuleCase, ...]:
    """List cases of an operation that broadcasts: equal shapes, either operand the smaller one, no axes, a constant."""
    shapes = (((3, 5), (3, 5)), ((3, 5), (5,)), ((3, 1, 2), (5, 1)), ((), (2, 3)), ((), ()))
    return (
        *(_case(operation, *pair, draw=draw) for pair in shapes),
        _case(operation, (2, 3), (3,), draw=draw, constant=0),
        _case(operation, (3,), (2, 3), draw=draw, constant=1),
    )


def _one_operand(operation: str, draw: Callable[..., Array]) -> tuple[RuleCase, ...]:
    return tuple(_case(operation, shape, draw=(draw,)) for shape in ((3, 5), (2, 3, 2), ()))


def _reduction(operation: str) -> tuple[RuleCase, ...]:
    shapes: Mapping[str, tuple[tuple[int, ...], ...]] = {
        "axis=1": ((3, 3), (3, 5), (2, 3, 5)),  # the square first: there only values tell the axis
        "axis=-1": ((5,), (2, 3, 5)),
        "axis=0, keepdims=True": ((3, 5), (2, 3, 5)),
        "axis=(0, 2)": ((2, 3, 5),),
        "axis=(2, 0)": ((2, 3, 5),),
        "axis=(-2, -1)": ((2, 3, 5),),
        "axis=(0, -1), keepdims=True": ((2, 3, 5),),
        "axis=None": ((2, 3, 5), ()),
        "axis=None, keepdims=True": ((3, 5),),
    }
    return tuple(_case(operation, s, option=o, draw=(distinct,)) for o, listed in shapes.items() for s in listed)


CASES: Mapping[str, tuple[RuleCase, ...]] = {
    "add": _two_operands("add", normal, normal),
    "sub": _two_operands("sub", normal, normal),
    "mul": _two_operands("mul", normal, normal),
    "div": (
        *_two_operands("div", normal, away_from_zero),
        _case("div", (3, 5), (5,), draw=(normal, tiny_of_both_signs), sizes="b about 1e-8"),
    ),
    "pow": (
        *_two_operands("pow", positive, normal),
        _case("pow", (3, 5), (5,), draw=(tiny, positive), sizes="a about 1e-8"),
        _case("pow", (3, 5), (3, 5), draw=(away_from_zero, whole), constant=1),
        _case("pow", (3, 5), (5,), draw=(with_zeros, whole), constant=1),
    ),
    "matmul": (
        _case("matmul", (3, 3), (3, 3)),  # square: only values tell
        _case("matmul", (2, 3), (3, 5)),
        _case("matmul", (4, 2, 3), (4, 3, 5)),
        _case("matmul", (4, 2, 3), (3, 5)),
        _case("matmul", (2, 3), (4, 3, 5)),
        _case("matmul", (4, 1, 2, 3), (5, 3, 2)),
        _case("matmul", (2, 3), (3, 5), constant=0),
        _case("matmul", (4, 2, 3), (3, 5), constant=1),
    ),
    "sum": _reduction("sum"),
    "max": (
        *_reduction("max"),
        _case("max", (3, 5), option="axis=1", draw=(distinct_but_close,), sizes="about 100000"),
    ),
    "log": (*_one_operand("log", positive), _case("log", (3, 5), draw=(tiny,), sizes="about 1e-8")),
    "exp": (*_one_operand("exp", normal), _case("exp", (3, 5), draw=(wide,), sizes="up to 60")),
    "sigmoid": (*_one_operand("sigmoid", normal), _case("sigmoid", (3, 5), draw=(some_large,), sizes="up to 10000")),
    "tanh": (*_one_operand("tanh", normal), _case("tanh", (3, 5), draw=(some_large,), sizes="up to 10000")),
    "relu": _one_operand("relu", away_from_zero),
    "reshape": tuple(
        _case("reshape", shape, option=option)
        for shape, option in (((3, 10), "(5, 6)"), ((2, 3, 5), "(30,)"), ((2, 3, 5), "(2, 15)"), ((1, 1), "()"))
    ),
    "transpose": tuple(
        _case("transpose", shape, option=option)
        for shape, option in (
            ((3, 3, 3), "axes (1, 2, 0)"),  # a cube: only values tell one rotation from the other
            ((3, 3, 3), "axes (2, 0, 1)"),
            ((2, 3), "axes (1, 0)"),
            ((2, 3, 5), "axes (2, 0, 1)"),
            ((2, 3, 2, 3), "axes (2, 3, 1, 0)"),
        )
    ),
    "getitem": tuple(_case("getitem", (5, 3), option=option) for option in harness.OPTIONS if option[:2] == "x["),
}


def _rule(operation: str, title: str) -> Check:
    def run(grader: Grader) -> Passed:
        return _rule_is_right_everywhere(grader, operation)

    return Check(f"rule.{operation}", title, run)


def _rule_is_right_everywhere(grader: Grader, operation: str) -> Passed:
    """Check a rule on every case, on those whose axes are of one length first: there shapes hide what values tell."""
    _is_own_work(grader)
    cases, run = CASES[operation], partial(_rule_is_right, grader)
    layer.for_each(grader, [c for c in cases if len({n for shape in c.operands for n in shape}) == 1 < c.axes], run)
    return layer.for_each(grader, cases, run)


def _rule_is_right(grader: Grader, case: LayerCase) -> None:
    """Raise Failed unless every operand that requires a gradient gets the right one."""
    if isinstance(case, RuleCase):
        for target in case.targets:
            layer.gradient_is_right(grader, case, target)


rule_add = _rule("add", N_("Add: the right gradient arrives at both operands"))
rule_sub = _rule("sub", N_("Sub: the right gradient arrives at both operands"))
rule_mul = _rule("mul", N_("Mul: the right gradient arrives at both operands"))
rule_div = _rule("div", N_("Div: the right gradient arrives at both operands"))
rule_pow = _rule("pow", N_("Pow: the right gradient arrives at the base and at the exponent"))
rule_matmul = _rule("matmul", N_("Matmul: the right gradient arrives at both operands"))
rule_sum = _rule("sum", N_("Sum: every entry gets the gradient of the sum that it went into"))
rule_log = _rule("log", N_("Log: the right gradient arrives at the operand"))
rule_exp = _rule("exp", N_("Exp: the right gradient arrives at the operand"))
rule_sigmoid = _rule("sigmoid", N_("Sigmoid: the right gradient arrives at the operand"))
rule_tanh = _rule("tanh", N_("Tanh: the right gradient arrives at the operand"))
rule_reshape = _rule("reshape", N_("Reshape: every entry's gradient finds its way back"))
rule_transpose = _rule("transpose", N_("Transpose: every entry's gradient finds its way back"))
rule_getitem = _rule("getitem", N_("Getitem: every entry that was read gets all its gradients, the others none"))


@check("rule.relu")
def rule_relu(grader: Grader) -> Passed:
    """ReLU: the gradient passes where the operand is positive."""
    passed = _rule_is_right_everywhere(grader, "relu")
    session, rng = grader.session, grader.rng("relu at 0")
    x, dy = np.array([1.5, 0.0, -0.5, 0.0]), rng.standard_normal(4)
    output = session.call(session.build("NamedRule", ("relu",), seed=0).id, [x])
    got = session.backward(output.id, dy).inputs[0]
    if got is None or not all(0 <= share <= 1 for share in got / dy):
        raise Failed(
            _(
                "relu on x {x}: expected a gradient of 0 to 1 times the upstream one, also where x is 0, got {got}.",
                x=x.tolist(),
                got=None if got is None else (got / dy).tolist(),
            ),
            hint=advice(Cause.GATE)[1],
            cause=Cause.GATE,
        )
    return passed


@check("rule.max")
def rule_max(grader: Grader) -> Passed:
    """Max: the largest entry gets the gradient, and ties share it."""
    passed = _rule_is_right_everywhere(grader, "max")
    for shape, option in (((4, 5), "axis=1"), ((2, 3, 4), "axis=(0, -1), keepdims=True"), ((2, 3), "axis=None")):
        _ties_share(grader, shape, option)
    return passed


def _ties_share(grader: Grader, shape: tuple[int, ...], option: str) -> None:
    """Raise Failed unless entries that tie for the maximum get its gradient between them, in whatever shares."""
    session, rng = grader.session, grader.rng("ties", option)
    axis, keepdims = harness.OPTIONS[option]
    x = rng.integers(0, 2, shape).astype(np.float64)
    where = _("max on x {shape}, {option}, with ties", shape=shape, option=option)
    output = session.call(session.build("NamedRule", ("max", option), seed=0).id, [x])
    largest = x == x.max(axis=axis, keepdims=True)
    dy = rng.standard_normal(x.max(axis=axis, keepdims=keepdims).shape)
    kept = dy.reshape(x.max(axis=axis, keepdims=True).shape)
    got = session.backward(output.id, dy).inputs[0]
    if got is None or got.shape != x.shape:
        raise Failed(
            _("{case}: no gradient arrives.", case=where),
            hint=_("Return a gradient of the shape of x from f_d."),
            cause=Cause.SEVERED,
        )
    share = got / kept
    tolerance = 1e-9
    fair = (np.abs(share[~largest]) < tolerance).all() and (share > -tolerance).all()
    if fair and np.allclose(share.sum(axis=axis), 1, rtol=0, atol=tolerance):
        return
    cause = Cause.TIES if np.allclose(share, largest, rtol=0, atol=tolerance) else Cause.BACKWARD_WRONG
    said, hint = advice(cause)
    total, one = float(share.sum(axis=axis).reshape(-1)[0]), int(largest.sum(axis=axis).reshape(-1)[0])
    raise Failed(
        _(
            "{case}: right without ties. Here the entries of one group should get 1 times the gradient of its "
            "maximum between them, {count} of them being the largest, and get {total:.6g} times.",
            case=where,
            count=one,
            total=total,
        )
        + said,
        hint=hint,
        cause=cause,
        evidence={"x": x.tolist(), "upstream": dy.tolist(), "got": got.tolist()},
    )


# ---- part 2: broadcasting ----------------------------------------------------------------------------------

BROADCASTS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 5), (3, 5)),
    ((3, 3), (3,)),  # square: only values tell which axis was added up
    ((5, 3), (3,)),
    ((5, 3), (5, 1)),
    ((5, 3), (1, 3)),
    ((4, 2, 3), (2, 1)),
    ((4, 2, 3), (4, 1, 3)),
    ((2, 3, 5), (1, 1, 1)),
    ((2, 3), ()),
    ((1, 3), (1, 3)),
    ((7, 1, 3), (1, 3)),
    ((), ()),
)


@check("broadcast.unbroadcast")
def unbroadcast(grader: Grader) -> Passed:
    """unbroadcast adds up over the axes that broadcasting made."""
    _is_own_work(grader)
    for i, (big, small) in enumerate(BROADCASTS):
        case = _("unbroadcast of a gradient {big} to {small}", big=big, small=small)
        gradient = grader.rng("unbroadcast", i).standard_normal(big)
        try:
            got, after = _arrays(grader, "Unbroadcast", small, [gradient])
        except StudentError as error:
            error.add_note(_("This happened with {case}.", case=case))
            raise
        _is_unbroadcast(case, gradient, small, got)
        if after is None or not np.array_equal(after, gradient):
            _said, hint = advice(Cause.MODIFIES_UPSTREAM)
            raise Failed(
                _("{case}: the gradient that went in is changed.", case=case),
                hint=hint,
                cause=Cause.MODIFIES_UPSTREAM,
            )
    return Passed(_("Right for {count} pairs of shapes.", count=len(BROADCASTS)))


def _is_unbroadcast(case: str, gradient: Array, shape: tuple[int, ...], got: Array | None) -> None:
    if got is None:
        raise Failed(
            _("{case}: expected an array of numbers, got none.", case=case),
            hint=_("Return the reduced gradient as an array."),
            cause=Cause.WRONG_TYPE,
        )
    new = gradient.ndim - len(shape)
    axes = (*range(new), *(new + i for i, n in enumerate(shape) if n == 1))
    expected = np.asarray(gradient.sum(axis=axes)).reshape(shape)
    if got.shape != shape:
        cause = Cause.NOT_REDUCED if got.shape == gradient.shape else Cause.GRADIENT_SHAPE
        said, hint = advice(Cause.NOT_REDUCED)
        raise Failed(
            _("{case}: expected shape {expected}, got {got}.", case=case, expected=shape, got=got.shape)
            + (said if cause is Cause.NOT_REDUCED else ""),
            hint=hint,
            cause=cause,
        )
    mismatch = first_mismatch(got, expected)
    if mismatch is None:
        return
    first = gradient[tuple(0 if i in axes else slice(None) for i in range(gradient.ndim))]
    last = gradient[tuple(-1 if i in axes else slice(None) for i in range(gradient.ndim))]
    factor = factor_of(got, expected)
    cause = Cause.VALUES_WRONG
    if first_mismatch(got, np.asarray(first).reshape(shape)) is None:
        cause = Cause.FIRST_ONLY
    elif first_mismatch(got, np.asarray(last).reshape(shape)) is None:
        cause = Cause.OVERWRITTEN
    elif factor is not None:
        cause = Cause.AVERAGED if abs(factor * gradient.size / max(expected.size, 1) - 1) < 1e-6 else Cause.FACTOR
    elif gradient.shape == (3, 3) and first_mismatch(got, gradient.sum(axis=1)) is None:
        cause = Cause.WRONG_AXES
    said, hint = advice(cause, factor) if cause in _ABOUT_AXES else ("", advice(Cause.NOT_REDUCED)[1])
    raise Failed(
        _("{case}: the shape is right, but {mismatch}.", case=case, mismatch=mismatch.told()) + said,
        hint=hint,
        cause=cause,
        evidence=mismatch.evidence(),
    )


_ABOUT_AXES = (Cause.AVERAGED, Cause.FACTOR, Cause.WRONG_AXES)


# ---- part 3: the backward pass -------------------------------------------------------------------------------

PROGRAMS: Mapping[str, str] = {
    "chain": N_("a chain of operations"),
    "used_twice": N_("a leaf and an inner node that are each used twice"),
    "long_way_first": N_("a node with a long way and a short way to the loss"),
    "short_way_first": N_("a node with a short way and a long way to the loss"),
    "layer": N_("a matrix product, ReLU and a sum"),
    "lone_leaf": N_("a loss that is a leaf itself"),
    "ladder": N_("a ladder, each node computed from the two before it"),
    "broadcast_row": N_("operands (5, 3) and (3,)"),
    "broadcast_both": N_("operands (5, 1, 2) and (3, 1)"),
    "broadcast_number": N_("operands () and (2, 3)"),
    "unused_branch": N_("a branch that the loss never uses"),
    "two_losses": N_("two losses on one trunk, one after the other"),
    "one_time_step": N_("a recurrent network with the loss on its third of five steps"),
    "twice": N_("the same graph, twice"),
    "had_one": N_("a leaf that has a gradient already"),
    "constants": N_("operands that require no gradient"),
    "nothing": N_("a rule that returns None"),
    "views": N_("two reshapes, after which the caller changes the gradient that it gave"),
    "siblings": N_("a sum of two leaves, one of whose gradients is changed afterwards"),
    "upstream": N_("a sum, after which the caller changes the gradient that it gave"),
    "shared_sum": N_("(a + b) + a, whose rules hand one array to both operands"),
    "held": N_("a gradient that somebody keeps while a second pass adds to the leaf"),
    "long_chain": N_("a chain of 100,000 operations"),
}
"""What each program of harness.py is to a student."""


_EXPECTED: dict[tuple[str, int], tuple[Array | None, ...]] = {}


def _expected(name: str, seed: int, program: Any, arrays: Sequence[Array]) -> tuple[Array | None, ...]:
    """Return what the engine says; asked once for all hand-ins of a class, whose arrays are the same."""
    if (name, seed) not in _EXPECTED:
        _EXPECTED[name, seed] = program.run(engine, *(a.copy() for a in arrays))
    return _EXPECTED[name, seed]


def _programs_are_right(grader: Grader, *names: str, otherwise: Cause = Cause.BACKWARD_WRONG) -> Passed:
    """Run programs on the hand-in's `propagate` and on the engine; raise Failed at the first that differs.

    otherwise: what it points to if no usual mistake explains the difference.
    """
    _is_own_work(grader)
    for name in names:
        _program_is_right(grader, name, otherwise)
    return Passed(_("Right on {count} graphs.", count=len(names)))


def _program_is_right(grader: Grader, name: str, otherwise: Cause) -> None:
    program, case = harness.PROGRAMS[name], _(PROGRAMS[name])
    rng = grader.rng("program", name)
    arrays = [rng.standard_normal(shape) for shape in program.shapes]
    arrays[-1] *= 1000  # of upstream gradients, or of what is there already: clipping shows
    expected = _expected(name, grader.seed, program, arrays)
    try:
        got = _arrays(grader, "Propagate", (name,), arrays)
    except SandboxError as error:
        if isinstance(error, StudentError) and error.kind == "RecursionError":
            said, hint = advice(Cause.RECURSION)
            raise Failed(case + ":" + said, hint=hint, cause=Cause.RECURSION) from None
        error.add_note(_("This happened with {case}.", case=case))
        raise
    wrong = [i for i, (a, b) in enumerate(zip(got, expected, strict=True)) if not _same(a, b)]
    if not wrong:
        return
    i = wrong[0]
    cause = _why(name, program, arrays, got, expected, i) or otherwise
    if cause is otherwise and _is_right_for_less(grader, name, program, arrays):
        cause = Cause.CLIPPED
    said, hint = _advice(cause)
    what = _("gradient {number} of {count}", number=i + 1, count=len(expected))
    here, right = got[i], expected[i]
    mismatch = None
    if here is None:
        told = _("{case}: no gradient arrives ({what}).", case=case, what=what)
    elif cause is Cause.RUNS_AGAIN:
        told = _("{case}: the rules ran {times} times.", case=case, times=", ".join(f"{n:g}" for n in here.flat))
    elif cause is Cause.COUNTS_LEFT:
        counts = ", ".join(f"{n:g}" for n in here.flat)
        told = _("{case}: expected each node's `grad_cnt` to be 0 afterwards, got {counts}.", case=case, counts=counts)
    elif right is None:
        told = _("{case}: expected no gradient where none belongs ({what}), got one.", case=case, what=what)
    elif here.shape != right.shape:
        told = _(
            "{case}: expected a gradient of shape {expected}, got {got} ({what}).",
            case=case,
            expected=right.shape,
            got=here.shape,
            what=what,
        )
    else:
        mismatch = first_mismatch(here, right)
        told = _("{case}: of {what}, {mismatch}.", case=case, what=what, mismatch=mismatch.told() if mismatch else "")
    raise Failed(told + said, hint=hint, cause=cause, evidence=mismatch.evidence() if mismatch else None)


def _is_right_for_less(grader: Grader, name: str, program: Any, arrays: Sequence[Array]) -> bool:
    """Whether a program comes out right where the gradient that comes in is a thousandth of what it was."""
    less = [*arrays[:-1], arrays[-1] / 1000]
    expected = program.run(engine, *(a.copy() for a in less))
    return all(map(_same, _arrays(grader, "Propagate", (name,), less), expected))


_ON_PASSES: Mapping[Cause, tuple[str, str]] = {
    Cause.OVERWRITTEN: (
        N_("It is what comes of keeping one of several deliveries, and not their sum."),
        N_("A node that is used twice gets two gradients: add them up."),
    ),
    Cause.DOES_NOT_ACCUMULATE: (
        N_("What the leaf had before is gone."),
        N_("Add to the `.grad` of a leaf: another loss may have left it there."),
    ),
    Cause.KEEPS_STATE: (
        N_("Something of an earlier pass is left at an inner node."),
        N_("Set `y.grad` back to None when y's rule has run; counts begin anew with each pass."),
    ),
    Cause.SEVERED: ("", N_("A loss may be a leaf: then `gradient` is its gradient.")),
    Cause.CLIPPED: (
        N_("Where the gradient that comes in is a thousandth as large, it is right."),
        N_("Is something clipped, or compared with a threshold? Gradients may be as large as they are."),
    ),
}
"""What some causes mean here."""


def _advice(cause: Cause) -> tuple[str, str]:
    if cause not in _ON_PASSES:
        return advice(cause)
    said, hint = _ON_PASSES[cause]
    return " " + _(said) if said else "", _(hint)


def _why(
    name: str, program: Any, arrays: Sequence[Array], got: Sequence[Array | None], expected: Sequence[Any], i: int
) -> Cause | None:
    """Name the mistake that makes the gradients what they are, or None."""
    if name == "ladder" and i == 1:
        return Cause.RUNS_AGAIN
    if name == "twice" and i == 4:
        return Cause.COUNTS_LEFT
    if got[i] is not None and expected[i] is None:
        return Cause.KEEPS_STATE if name == "twice" else Cause.GRADIENT_AT_CONSTANT
    if name != "long_chain":
        for cause, wrong_engine in wrong_engines():
            acted: Any = program.run(wrong_engine, *(a.copy() for a in arrays))
            if all(map(_same, got, acted)) and not all(map(_same, acted, expected)):
                return cause
    here = got[i]
    if here is None:
        return Cause.SEVERED if name == "lone_leaf" else Cause.WAITS_FOREVER
    if here.shape != expected[i].shape:
        return Cause.NOT_REDUCED if here.ndim >= expected[i].ndim else Cause.GRADIENT_SHAPE
    return Cause.ZERO_GRADIENT if factor_of(here, expected[i]) == 0 else None


def _same(a: Array | None, b: Array | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and first_mismatch(a, b) is None


@check("propagate.values")
def propagate_values(grader: Grader) -> Passed:
    """propagate: a rule runs once, when all consumers of its node have delivered."""
    return _programs_are_right(
        grader, "chain", "used_twice", "long_way_first", "short_way_first", "ladder", "layer", "lone_leaf"
    )


@check("propagate.broadcast")
def propagate_broadcast(grader: Grader) -> Passed:
    """propagate: gradients get the shapes of their nodes."""
    return _programs_are_right(grader, "broadcast_row", "broadcast_both", "broadcast_number")


@check("propagate.counts")
def propagate_counts(grader: Grader) -> Passed:
    """propagate: consumers are counted from the loss."""
    return _programs_are_right(grader, "unused_branch", "one_time_step")


@check("propagate.accumulate")
def propagate_accumulate(grader: Grader) -> Passed:
    """propagate: gradients add up at the leaves, over passes too."""
    return _programs_are_right(grader, "had_one", "two_losses", "twice")


@check("propagate.required")
def propagate_required(grader: Grader) -> Passed:
    """propagate: only what requires a gradient gets one, and None is nothing to add."""
    return _programs_are_right(grader, "constants", "nothing")


@check("propagate.aliasing")
def propagate_aliasing(grader: Grader) -> Passed:
    """propagate: no gradient shares memory with anything."""
    names = ("siblings", "upstream", "views", "shared_sum", "held")
    return _programs_are_right(grader, *names, otherwise=Cause.SHARES_MEMORY)


@check("propagate.iterative")
def propagate_iterative(grader: Grader) -> Passed:
    """propagate: 100,000 operations in a row are no matter."""
    return _programs_are_right(grader, "long_chain")


# ---- part 4: initialisation and descent ----------------------------------------------------------------------


@check("init.he")
def he(grader: Grader) -> Passed:
    """he_uniform draws from He's uniform distribution."""
    _is_own_work(grader)
    for shape, fan_in in (((13, 5), 13), ((3, 17), 3), ((5, 3, 2, 4), 24), ((2, 7, 3, 3), 63)):
        _is_he_uniform(grader, shape, fan_in)
    return Passed(_("Uniform, with the right bound, for weights of 2 and of 4 axes."))


def _is_he_uniform(grader: Grader, shape: tuple[int, ...], fan_in: int) -> None:
    case = f"he_uniform{shape}"
    draws = 6000 // math.prod(shape)
    (drawn,) = _arrays(grader, "He", shape, [np.array(float(draws))])
    if drawn is None or drawn.shape != (draws, *shape):
        got = None if drawn is None else drawn.shape[1:]
        raise Failed(
            _("{case}: expected an array of shape {shape}, got {got}.", case=case, shape=shape, got=got),
            hint=_("Return an array of the shape that was asked for."),
            cause=Cause.WRONG_TYPE if drawn is None else Cause.GRADIENT_SHAPE,
        )
    if not np.isfinite(drawn).all():
        raise Failed(
            _("{case}: expected finite numbers.", case=case),
            hint=_("Look for a division by zero, or a root of a negative number."),
            cause=Cause.NOT_FINITE,
        )
    if (drawn == drawn[0]).all():
        raise Failed(
            _("{case}: expected another weight each time, got the same one.", case=case),
            hint=_("Draw from np.random without setting a seed."),
            cause=Cause.NOT_DETERMINISTIC,
        )
    if np.unique(drawn).size < 0.99 * drawn.size:
        raise Failed(
            _("{case}: expected every entry to be drawn by itself, got the same numbers several times.", case=case),
            hint=_("Draw an array of the whole shape at once: np.random.uniform(low, high, shape)."),
            cause=Cause.DISTRIBUTION,
        )
    bound, reach = math.sqrt(6 / fan_in), float(np.abs(drawn).max())
    values = np.sort((drawn / reach).reshape(-1))
    uniform = (values + 1) / 2
    place = (np.arange(values.size) + 0.5) / values.size
    if np.abs(uniform - place).max() > 4 / math.sqrt(values.size):  # a right one does this once in 10^13 times
        low, high, mean = float(drawn.min()), float(drawn.max()), float(drawn.mean())
        raise Failed(
            _(
                "{case}: expected numbers that are equally likely all the way from -{bound:.4f} to {bound:.4f}, got "
                "some from {low:.4f} to {high:.4f}, with mean {mean:.4f}, that are not.",
                case=case,
                bound=bound,
                low=low,
                high=high,
                mean=mean,
            ),
            hint=advice(Cause.DISTRIBUTION)[1],
            cause=Cause.DISTRIBUTION,
            evidence={"least": low, "largest": high, "mean": mean},
        )
    if 0.98 * bound <= reach <= bound * (1 + 1e-6):
        return
    axes = shape if len(shape) == 2 else (shape[0], *shape[1:])
    others = {math.prod(axes[i:j]) for i in range(len(axes)) for j in range(i + 1, len(axes) + 1)}
    others |= {axes[0] * math.prod(axes[2:]), axes[1] * math.prod(axes[3:]), sum(axes[:2])} - {fan_in}
    told = next((n for n in sorted(others) if n != fan_in and 0.98 <= reach / math.sqrt(6 / n) <= 1 + 1e-6), None)
    cause = Cause.FAN_IN if told is not None else Cause.FACTOR
    said, hint = advice(cause) if told is not None else ("", _("The bound is sqrt(6 / fan_in)."))
    raise Failed(
        _(
            "{case}: fan_in is {fan_in}, so expected numbers up to {bound:.4f}, got numbers up to {reach:.4f}.",
            case=case,
            fan_in=fan_in,
            bound=bound,
            reach=reach,
        )
        + said,
        hint=hint,
        cause=cause,
        evidence={"bound": bound, "largest": reach, "fan_in_that_fits": told},
    )


@check("optim.sgd")
def sgd(grader: Grader) -> Passed:
    """SGD.step moves each parameter downhill by lr times its gradient."""
    _is_own_work(grader)
    rng, lr, later = grader.rng("sgd"), 0.25, 0.0625
    p, q, r = (rng.standard_normal(shape) for shape in ((2, 3), (5,), (3,)))
    dp, dq = rng.standard_normal(p.shape), 1000 * rng.standard_normal(q.shape)
    got = _arrays(grader, "Step", (lr, later), [p, q, r, dp, dq])
    first, second = (p - lr * dp, q - lr * dq, r), (p - (lr + later) * dp, q - (lr + later) * dq, r)
    if all(map(_same, got, (*first, *second, dp, dq, None))):
        return Passed(_("Right for two steps with different learning rates; a parameter without a gradient stays."))
    causes = (
        (Cause.DID_NOT_MOVE, (p, q, r)),
        (Cause.UPHILL, (p + lr * dp, q + lr * dq, r)),
        (Cause.LEARNING_RATE, (p - dp, q - dq, r)),
        (Cause.FIRST_ONLY, (first[0], q, r)),
    )
    cause = next((c for c, values in causes if all(map(_same, got[:3], values))), Cause.VALUES_WRONG)
    message = _("The step is wrong.")
    if all(map(_same, got[:5], (*first, first[0], second[1]))):
        cause = Cause.KEEPS_STATE
        message = _("The first step is right. Then a parameter's `.arr` was assigned, and the second does not move it.")
    elif all(map(_same, got[:3], first)):
        old = (p - 2 * lr * dp, q - 2 * lr * dq, r)
        cause = Cause.LEARNING_RATE if all(map(_same, got[3:6], old)) else Cause.VALUES_WRONG
        message = _("The first step is right, and the second one, after optimizer.lr was changed, is wrong.")
        if not all(map(_same, got[6:], (dp, dq, None))):
            cause = Cause.MODIFIES_UPSTREAM
            message = _("The first step is right, but it changes `.grad`, which is for zero_grad alone to do.")
    said, hint = advice(cause) if cause in (Cause.UPHILL, Cause.LEARNING_RATE) else ("", _("p.arr -= self.lr * p.grad"))
    raise Failed(
        message + said,
        hint=hint,
        cause=cause,
        evidence={"before": p.tolist(), "gradient": dp.tolist(), "expected": first[0].tolist(), "got": _listed(got[0])},
    )


def _listed(array: Array | None) -> Any:
    return None if array is None else array.tolist()


# ---- the file ----------------------------------------------------------------------------------------------------


@check("types.strict", begin=lambda grader: TypeCheck(grader.submission, grader.seconds("types.strict")))
def types_strict(grader: Grader) -> Passed:
    """mypy --strict accepts the file."""
    return types_are_strict(grader, grader.background("types.strict", TypeCheck))


@check("policy")
def policy(grader: Grader) -> Passed:
    """The file imports nothing that does the work for it."""
    return policies.only_allowed_imports(grader.submission, grader.assignment.config.imports)


def _arrays(
    grader: Grader, cls: str, args: Sequence[str | int | float], inputs: Sequence[Array]
) -> tuple[Array | None, ...]:
    """Build an object of the harness, call it, and return the values of what it returned; None for no array."""
    session = grader.session
    built = session.build(cls, args, seed=grader.child_seed(cls, *map(str, args)))
    output = session.call(built.id, inputs, requires_grad=False)
    session.release(output.id)
    return tuple(item.array for item in output.items)
