"""Checking one layer of a hand-in: its forward, its gradients and its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from autograder.checks.api import Failed, Grader, Passed
from autograder.checks.compare import first_mismatch
from autograder.checks.probe import INPUT, LayerCase, Probe, find, probe
from autograder.sandbox import SandboxError, StudentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograder.sandbox import Array, Gradients


def forward_is_right(grader: Grader, case: LayerCase) -> None:
    """Raise Failed unless the layer computes what it should, also when called again on an input of another size."""
    p = probe(grader, case, case.shapes, "forward")
    for x in (p.x, case.resized().sample(grader.rng(case.cls, str(case), "again"))):
        _, y = p.call(x)
        _values_are_right(p, x, y)


def gradient_is_right(grader: Grader, case: LayerCase, target: str) -> None:
    """Raise Failed unless the gradient to `target`, "input" or a role, is right, with a random upstream gradient.

    It is held to the exact gradient. If it is another, central differences of the hand-in's own forward tell
    whether to look at the backward or at the forward.
    """
    p = probe(grader, case, () if target == INPUT else (target,), "gradient")
    rng = grader.rng(case.cls, str(case), "gradient", target)

    # An earlier call, with another input: it must leave nothing behind. It also shows what is cut off.
    earlier, y = p.call(case.sample(rng))
    if not earlier.requires_grad:
        _severed(p, target, everything=True)
    pulled = p.session.backward(earlier.id, rng.standard_normal(y.shape))
    if _gradient(p, pulled, target) is None:
        _severed(p, target, everything=all(_gradient(p, pulled, t) is None for t in (INPUT, *p.found)))
    p.session.zero_grad(p.obj)

    output, y = p.call(p.x, requires_grad=target == INPUT)
    p.call(case.sample(rng))  # a later call, before the backward of this one: nor may that change anything
    got = None
    if output.requires_grad:
        dy = rng.standard_normal(y.shape)
        got = _gradient(p, p.session.backward(output.id, dy), target)
    if got is None:
        raise Failed(
            f"{case}: no gradient arrives at the {target} ({_name(p, target)}) when the input requires none, as "
            "images do. It does arrive when the input requires one.",
            hint="Do not make the output depend on x.requires_grad: every Tensor that goes in counts. "
            "`numpytorch.autograd.attach(out, YourGradFn(x, w, b))` works it out.",
            evidence={"cause": "only_if_input_requires_grad"},
        )
    _gradient_matches(p, target, y, dy, got, rounded=output.dtype == "float32")

    more = rng.standard_normal(y.shape)
    both = _gradient(p, p.session.backward(output.id, more), target)
    total = case.gradients(p.x, p.parameters, dy + more)[target].reshape(got.shape)
    if both is None or both.shape != total.shape or first_mismatch(both, total, output.dtype == "float32") is not None:
        raise Failed(
            f"{case}: the gradient at the {target} ({_name(p, target)}) is right after one backward(), but after a "
            "second one it is not the sum of the two.",
            hint="Return gradients from f_d, and leave `.grad` to the engine, which adds them up. Change neither "
            "y.grad nor what you kept from the forward.",
            evidence={"cause": "does_not_accumulate"},
        )
    _, again = p.call(p.x, requires_grad=target == INPUT)
    if again.shape != y.shape or not np.allclose(again, y, rtol=0, atol=1e-9 * float(np.abs(y).max(initial=0))):
        raise Failed(
            f"{case}: the gradient is right, but expected the same output whenever the input and the parameters are "
            "the same, and got different ones.",
            hint="Keep nothing from one call to the next, and use no random numbers in forward.",
            evidence={"cause": "not_deterministic"},
        )


def _gradient_matches(p: Probe, target: str, y: Array, dy: Array, got: Array, *, rounded: bool) -> None:
    """Raise Failed unless a gradient is the exact one; say which of forward and backward to look at."""
    case = p.case
    shape = p.x.shape if target == INPUT else p.found[target].shape
    if got.shape != shape:
        raise Failed(
            f"{case}: expected a gradient of shape {shape} at the {target}, that of its values, got {got.shape}.",
            evidence={"expected_shape": list(shape), "got_shape": list(got.shape)},
        )
    mismatch = None
    if y.shape == dy.shape == case.forward(p.x, p.parameters).shape:
        expected = case.gradients(p.x, p.parameters, dy)[target].reshape(shape)
        mismatch = first_mismatch(got, expected, rounded)
        if mismatch is None:
            return
    if mismatch is None or not _forward_agrees(p, y):
        _forward_is_wrong(p, target, consistent=_matches_differences(p, target, got, dy))
    factor = _factor(got, expected)
    raise Failed(
        f"{case}: the forward is right, but the backward does not match it. Of the gradient at the {target} "
        f"({_name(p, target)}), {mismatch}.",
        hint=_factor_hint(factor) if factor is not None else _INPUT_HINT if target == INPUT else _PARAMETER_HINT,
        evidence={"cause": "backward_wrong", "factor": factor, **mismatch.evidence()},
    )


def _gradient(p: Probe, pulled: Gradients, target: str) -> Array | None:
    return pulled.inputs[0] if target == INPUT else pulled.tensors.get(p.found[target].path)


def parameter_is_registered(grader: Grader, case: LayerCase) -> None:
    """Raise Failed unless each parameter is an nn.Parameter that `parameters()` finds."""
    built = grader.session.build(case.cls, case.args, case.kwargs, seed=grader.child_seed(str(case)))
    for role in case.shapes:
        info = find(case, built.tensors, role)
        if info.registered:
            continue
        what = f"{case}: the {role}, `{info.path}` of shape {info.shape},"
        if info.kind == "Tensor":
            raise Failed(
                f"{what} is a plain Tensor, so parameters() does not list it and no optimizer will move it.",
                hint=f"Wrap it: self.{info.path} = nn.Parameter(...)."
                if info.path.isidentifier()
                else "Make it an nn.Parameter, on an attribute of its own.",
                evidence={"cause": "plain_tensor", "path": info.path},
            )
        raise Failed(
            f"{what} is an nn.Parameter, but parameters() does not list it: it sits in a list, a tuple or a dict, "
            "which is not searched.",
            hint=f"Keep it on an attribute of its own: self.{role} = nn.Parameter(...).",
            evidence={"cause": "parameter_in_container", "path": info.path},
        )


def for_each(grader: Grader, cases: Sequence[LayerCase], run: Callable[[LayerCase], None], note: str = "") -> Passed:
    """Run a check on every case; report how many were right, and the first that was wrong.

    note: what a student should know of how the cases were chosen.
    """
    _ = grader.session  # a hand-in that cannot be imported is no matter of one case
    wrong: list[Failed | StudentError] = []
    for case in cases:
        try:
            run(case)
        except Failed as error:
            wrong.append(error)
        except StudentError as error:
            error.add_note(f"This happened with {case}.")
            wrong.append(error)
        except SandboxError as error:
            error.add_note(f"This happened with {case}.")
            raise
    if wrong:
        right = len(cases) - len(wrong)
        first = wrong[0]
        if isinstance(first, StudentError):
            raise first
        raise Failed(
            (f"Right in {right} of {len(cases)} configurations. " if right else "") + first.message,
            hint=first.hint,
            evidence={**first.evidence, "configurations": len(cases), "right": right},
        )
    return Passed(f"Right in all {len(cases)} configurations.{note}", {"configurations": len(cases)})


_PARAMETER_HINT = (
    "Check against gradcheck (README.md, 'How to check'): each entry of the gradient adds up, over the batch and over "
    "all output positions, the upstream gradient times what the parameter was multiplied with."
)
_INPUT_HINT = (
    "Check against gradcheck (README.md, 'How to check'): an entry of the input is in several windows, and its "
    "gradient is the sum (`+=`, not `=`) of what comes back from each of them."
)


def _values_are_right(p: Probe, x: Array, got: Array) -> None:
    expected = p.case.forward(x, p.parameters)
    if got.shape != expected.shape:
        raise Failed(
            f"{p.case}: expected an output of shape {expected.shape} for an input of shape {x.shape}, got {got.shape}.",
            hint="OH = (H + 2*padding - kernel_size) // stride + 1, OW likewise from W; then (N, channels, OH, OW).",
            evidence={"expected_shape": list(expected.shape), "got_shape": list(got.shape)},
        )
    mismatch = first_mismatch(got, expected)
    if mismatch is not None:
        raise Failed(
            f"{p.case}: the output has the right shape, {expected.shape}, but {mismatch}.",
            hint="Compute that one entry by hand from the formula in the docstring, and compare.",
            evidence=mismatch.evidence(),
        )


def _forward_agrees(p: Probe, y: Array) -> bool:
    try:
        _values_are_right(p, p.x, y)
    except Failed:
        return False
    return True


def _forward_is_wrong(p: Probe, target: str, *, consistent: bool) -> NoReturn:
    backward = (
        "Your backward matches your forward"
        if consistent
        else "Your backward does not match your forward either, by its central differences"
    )
    raise Failed(
        f"{p.case}: a gradient arrives at the {target}, but your forward is wrong, so this is the gradient of "
        f"something else. {backward}.",
        hint="Fix the forward first (see its own check above)" + (": this will then pass too." if consistent else "."),
        evidence={"cause": "forward_wrong", "backward_matches_forward": consistent},
    )


def _severed(p: Probe, target: str, *, everything: bool) -> NoReturn:
    """Raise Failed: no gradient arrives at the target (or anywhere), and why."""
    where = f"no gradient arrives at the {target} ({_name(p, target)})"
    info = p.found.get(target)
    plain = info is not None and not info.requires_grad
    causes = []
    if everything:
        causes.append(
            "the output is cut off from everything that went in: forward computed it from arrays (a read of `.arr` or "
            "`.numpy()`) and put it in a new Tensor, which has no graph"
        )
    if plain and info is not None:
        causes.append(f"`{info.path}` is a plain Tensor, which requires no gradient, and not an nn.Parameter")
    if not causes:
        causes.append(
            f"the output has a graph, but it does not reach the {target}: forward read its `.arr`, or the GradFn did "
            "not get it in super().__init__(x, w, b), or f_d returned None for it"
        )
    raise Failed(
        f"{p.case}: {where}. The cause: {'; and '.join(causes)}.",
        hint="Compute with Tensors all the way (w * x[...], npt.einsum, assignment into npt.zeros(...)), or write the "
        "result's derivative in a GradFn and join them: attach(out, YourGradFn(x, self.w, self.b)). "
        + ("Make the weights nn.Parameter." if plain else ""),
        evidence={"cause": "severed", "plain_tensor": plain, "everything": everything},
    )


def _matches_differences(p: Probe, target: str, gradient: Array, dy: Array) -> bool:
    """Whether a gradient is that of the hand-in's own forward, right or wrong, by central differences.

    Measured along two random directions v: <gradient, v> against (L(p + h v) - L(p - h v)) / 2h, L = <dy, y>.
    These layers are linear between kinks, which samples keep away from: so long a step costs nothing.
    """
    h, rng = 1e-3, np.random.default_rng(0)
    base = p.x if target == INPUT else p.parameters[target]

    def loss(values: Array) -> float:
        if target != INPUT:
            p.set(target, values)
        _, y = p.call(values if target == INPUT else p.x, grad=False)
        return float(np.vdot(dy, y)) if y.shape == dy.shape else float("nan")

    gaps = []
    for _ in range(2):
        v = rng.standard_normal(base.shape)
        measured = (loss(base + h * v) - loss(base - h * v)) / (2 * h)
        told = float(np.vdot(gradient.reshape(base.shape), v))
        gaps.append(abs(measured - told) / max(abs(measured), abs(told), 1e-3))
    if target != INPUT:
        p.set(target, base)
    return max(gaps) < 1e-2


def _factor(got: Array, expected: Array) -> float | None:
    """Return c if the gradient is c times what it should be, and c is not 1."""
    square = float(np.vdot(expected, expected))
    if not square or not np.isfinite(got).all():
        return None
    c = float(np.vdot(expected, got)) / square
    return c if first_mismatch(got - c * expected + expected, expected) is None else None


def _factor_hint(factor: float) -> str:
    if factor == 0:
        return "It is zero everywhere: the rule returns zeros, or ignores what it should add up."
    return (
        f"Every entry is {factor:.6g} times what it should be: look for a mean where a sum belongs, a wrong sign, or "
        "a sum made twice."
    )


def _name(p: Probe, target: str) -> str:
    return f"shape {p.x.shape}" if target == INPUT else f"`{p.found[target].path}`"
