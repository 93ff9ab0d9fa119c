"""gradcheck: is a gradient right? Compare it with finite differences of the function itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numpytorch._errors import DtypeError, GraphError
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad import grad
from numpytorch.autograd.mode import no_grad

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpytorch._types import Array

Place = tuple[int, tuple[int, ...]]
"""Which input, and which entry of it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One derivative, as the rules compute it and as finite differences do.

    index: the entry of input number `input`; None for the sum over a random direction in that input.
    """

    input: int
    index: tuple[int, ...] | None
    computed: float
    expected: float
    tolerance: float

    @property
    def error(self) -> float:
        """How far the two are apart."""
        return abs(self.computed - self.expected)

    @property
    def ok(self) -> bool:
        """Whether they agree; what is not finite does not."""
        return bool(self.error <= self.tolerance)

    def __str__(self) -> str:
        where = "along a random direction" if self.index is None else f"at {list(self.index)}"
        return (
            f"input {self.input} {where}: expected {self.expected!r} (finite differences), got {self.computed!r} "
            f"(backward); they differ by {self.error:.3g}, more than the tolerance {self.tolerance:.3g}"
        )


@dataclass(frozen=True, slots=True)
class GradcheckResult:
    """What `gradcheck` found. It is true if every derivative agreed; `str` tells the rest.

    worst: the comparison that is furthest off for its tolerance, right or wrong; None if there was none.
    wrong: how many of the `checked` comparisons disagreed.
    severed: inputs that no gradient arrives at, though the output depends on them.
    kinks: entries left out: the function has a corner there (ReLU at 0, a tie in max), and what backward gives
        is no further out than the slopes on its two sides.
    """

    checked: int
    wrong: int
    worst: Comparison | None
    severed: tuple[int, ...]
    kinks: tuple[Place, ...]
    seed: int

    def __bool__(self) -> bool:
        return self.wrong == 0

    def __str__(self) -> str:
        lines = [f"gradcheck: {self.checked - self.wrong} of {self.checked} derivatives agree (seed {self.seed})."]
        lines += [
            f"No gradient arrives at input {i}: the graph is cut (a read of .arr, or a new Tensor of an array)."
            for i in self.severed
        ]
        if self.wrong and self.worst is not None:
            lines.append(f"Worst: {self.worst}.")
        if self.kinks:
            some = ", ".join(f"input {i} at {list(index)}" for i, index in self.kinks[:5])
            lines.append(f"Left out {len(self.kinks)} at a corner of the function: {some}. Use inputs off the corners.")
        return "\n".join(lines)


def gradcheck(
    f: Callable[..., Tensor | tuple[Tensor, ...]],
    inputs: Sequence[Tensor],
    *,
    projections: int | None = None,
    seed: int = 0,
    rtol: float = 1e-6,
    step: float = 1e-5,
) -> GradcheckResult:
    """Compare the gradient of f with central differences, pulling back a random upstream gradient.

    f: takes the inputs, returns a Tensor or several; called many times. For a module, pass its parameters
        as inputs too: gradcheck(lambda x, *_: model(x), [x, *model.parameters()]).
    inputs: float64 Tensors. Those that require a gradient are checked; all have their values again afterwards.
    projections: None for every entry; k for k random directions in each input, which costs 2 k calls an input.
    rtol: how far, relative to the derivative, the two may be apart, rounding errors aside.
    step: the length of a step, relative to the size of the entry where that is above 1.
    Raises DtypeError for inputs in lower precision, GraphError if f gives different results for the same input.
    """
    rng = np.random.default_rng(seed)
    for i, x in enumerate(inputs):
        if x.requires_grad and x.dtype != np.float64:
            raise DtypeError(
                f"gradcheck: expected float64 inputs (finite differences need the digits), got {x.dtype} (input {i}). "
                "Use `.astype(np.float64)`, or Parameters made under set_default_dtype(np.float64)."
            )
    outputs = _tuple(f(*inputs))
    upstreams = [rng.standard_normal(y.shape) for y in outputs]
    checked = [i for i, x in enumerate(inputs) if x.requires_grad]
    computed = _gradients(outputs, upstreams, [inputs[i] for i in checked])

    def total() -> float:
        with no_grad():
            return float(sum(np.vdot(u, y.arr) for u, y in zip(upstreams, _tuple(f(*inputs)), strict=True)))

    if total() != total():
        raise GraphError(
            "gradcheck: expected f to give the same result for the same inputs, got two. "
            "Call model.eval(), or seed what is random within f."
        )
    noise = 1e-8 * max(1.0, float(sum(np.abs(u * y.arr).sum() for u, y in zip(upstreams, outputs, strict=True))))

    comparisons: list[Comparison] = []
    kinks: list[Place] = []
    severed: list[int] = []
    for i, gradient in zip(checked, computed, strict=True):
        found = 0.0
        for index, direction in _directions(inputs[i].arr, projections, rng):
            got = float(np.vdot(np.zeros(inputs[i].shape) if gradient is None else gradient, direction))
            left, right = _slopes(total, inputs[i].arr, direction, step)
            expected = (left + right) / 2
            found = max(found, abs(expected))
            comparison = Comparison(i, index, got, expected, rtol * abs(expected) + noise)
            if not comparison.ok and _at_corner(total, inputs[i].arr, direction, step, comparison):
                kinks.append((i, index or ()))
            else:
                comparisons.append(comparison)
        if gradient is None and found > noise:
            severed.append(i)
    worst = max(comparisons, key=lambda c: c.error / c.tolerance if np.isfinite(c.error) else np.inf, default=None)
    wrong = sum(not c.ok for c in comparisons)
    return GradcheckResult(len(comparisons), wrong, worst, tuple(severed), tuple(kinks), seed)


def _tuple(outputs: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (outputs,) if isinstance(outputs, Tensor) else outputs


def _gradients(outputs: tuple[Tensor, ...], upstreams: list[Array], inputs: list[Tensor]) -> list[Array | None]:
    """Pull the upstream gradients back; None for an input that no gradient arrives at."""
    totals: list[Array | None] = [None] * len(inputs)
    for y, u in zip(outputs, upstreams, strict=True):
        if y.requires_grad:
            for i, g in enumerate(grad(y, inputs, u, allow_unused=True)):
                if g is not None:
                    so_far = totals[i]
                    totals[i] = g.arr if so_far is None else so_far + g.arr
    return totals


def _directions(
    x: Array, projections: int | None, rng: np.random.Generator
) -> list[tuple[tuple[int, ...] | None, Array]]:
    """List the directions to step in: along each entry, or `projections` random ones."""
    if projections is not None:
        return [(None, rng.standard_normal(x.shape)) for _ in range(projections)]
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return [(index, units[k]) for k, index in enumerate(np.ndindex(x.shape))]


def _slopes(total: Callable[[], float], x: Array, direction: Array, step: float) -> tuple[float, float]:
    """Measure the derivative along a direction, by a step against it and by one along it."""
    saved = x.copy()
    h = step * max(1.0, float(np.abs(saved[direction != 0]).max(initial=0)))
    try:
        middle = total()
        x[...] = saved - h * direction
        left = (middle - total()) / h
        x[...] = saved + h * direction
        right = (total() - middle) / h
    finally:
        x[...] = saved
    return left, right


def _at_corner(total: Callable[[], float], x: Array, direction: Array, step: float, found: Comparison) -> bool:
    """Whether a disagreement is excused: the function has a corner here, and either slope would do.

    Left and right slopes of a smooth function differ by its curvature times the step. At a corner they
    differ by as much however short the step.
    """
    left, right = _slopes(total, x, direction, step)
    near_left, near_right = _slopes(total, x, direction, step / 8)
    gap = abs(near_right - near_left)
    is_corner = gap > abs(right - left) / 2 and gap > 10 * found.tolerance
    low, high = sorted((near_left, near_right))
    return bool(is_corner and low - found.tolerance <= found.computed <= high + found.tolerance)
