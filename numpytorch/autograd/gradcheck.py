"""gradcheck: is a gradient right? Compare it with finite differences of the function itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from numpytorch._errors import DtypeError, GraphError
from numpytorch._tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpytorch._node import TensorNode
    from numpytorch._types import Array

    Function = Callable[..., Tensor | tuple[Tensor, ...]]

Index = tuple[int, ...] | None
"""An entry of an input; None for the sum over a random direction in it."""

SHORTER = 7.3
"""How many times shorter each step is than the one before; no whole number, so that rounding cannot repeat itself."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One derivative, as `backward()` computes it and as finite differences measure it.

    index: the entry of input number `input`.
    expected: the measured slope; at a corner of the function, whichever slope between those on its two sides
        is nearest to `computed`; nan if there is none to measure.
    """

    input: int
    index: Index
    computed: float
    expected: float
    tolerance: float
    corner: bool

    @property
    def error(self) -> float:
        """How far the two are apart."""
        return abs(self.computed - self.expected)

    @property
    def ok(self) -> bool:
        """Whether they agree; what is not finite does not."""
        return self.error <= self.tolerance

    @property
    def badness(self) -> float:
        """The error in units of the tolerance."""
        return self.error / max(self.tolerance, 1e-300) if isfinite(self.error) else inf

    def __str__(self) -> str:
        where = f"input {self.input} {_name(self.index)}"
        if isnan(self.expected):
            return (
                f"{where}: finite differences do not settle (the function jumps, is too steep or is not finite around "
                f"here), got {self.computed!r} (backward)"
            )
        how = "the nearest slope at a corner of the function" if self.corner else "finite differences"
        return (
            f"{where}: expected {self.expected!r} ({how}), got {self.computed!r} (backward); "
            f"they differ by {self.error:.3g}, more than the tolerance {self.tolerance:.3g}"
        )


@dataclass(frozen=True, slots=True)
class GradcheckResult:
    """What `gradcheck` found. It is true if every derivative agreed, and not all lay at corners; `str` tells the rest.

    worst: the comparison that is furthest off for its tolerance, right or wrong; None if there was none.
    wrong: how many of the `checked` comparisons disagreed.
    severed: inputs that no gradient arrives at, though the output depends on them.
    kinks: the (input, index) left out: the function has a corner there (ReLU at 0, a tie in max), and what backward
        gives is no further out than the slopes on its two sides.
    """

    checked: int
    wrong: int
    worst: Comparison | None
    severed: tuple[int, ...]
    kinks: tuple[tuple[int, Index], ...]
    seed: int

    def __bool__(self) -> bool:
        return self.wrong == 0 and (self.checked > 0 or not self.kinks)

    def __str__(self) -> str:
        lines = [f"gradcheck: {self.checked - self.wrong} of {self.checked} derivatives agree (seed {self.seed})."]
        lines += [
            f"No gradient arrives at input {i}: the graph is cut (a read of .arr, or a new Tensor of an array)."
            for i in self.severed
        ]
        if self.wrong and self.worst is not None:
            lines.append(f"Worst: {self.worst}.")
            if self.worst.index is None:
                lines.append("Leave out `projections` to see which entry it is.")
        if self.kinks:
            some = ", ".join(f"input {i} {_name(index)}" for i, index in self.kinks[:5])
            lines.append(f"Left out {len(self.kinks)} at a corner of the function: {some}. Use inputs off the corners.")
        return "\n".join(lines)


def gradcheck(
    f: Function,
    inputs: Sequence[Tensor],
    *,
    projections: int | None = None,
    seed: int = 0,
    rtol: float = 1e-6,
    step: float = 1e-3,
) -> GradcheckResult:
    """Compare the gradient that `backward()` computes with finite differences, for a random upstream gradient.

    f: takes the inputs, returns a Tensor or several; called many times. It is to compute in float64 throughout. Return
        what the operation gives, not its sum: a sum hands back the same gradient everywhere, which many wrong rules
        survive. For a module, pass its parameters too: gradcheck(lambda x, *_: model(x), [x, *model.parameters()]).
    inputs: float64 leaves. Those that require a gradient are checked. Their values and every `.grad` are afterwards
        as they were.
    projections: None for every entry; k for k random directions in each input, which costs about 4 k calls an input.
    rtol: how far, relative to the derivative, the two may be apart, rounding errors aside.
    step: the longest step tried, relative to the size of the entry where that is above 1.
    Raises DtypeError for inputs in lower precision, ValueError if values are not finite or nothing is to be checked,
    GraphError for inputs that are no leaves, and if f changes them or gives two results for the same ones.
    """
    rng = np.random.default_rng(seed)
    _demand_checkable(inputs)
    checked = [i for i, x in enumerate(inputs) if x.requires_grad]
    comparisons: list[Comparison] = []
    kinks: list[tuple[int, Index]] = []
    severed: list[int] = []
    with _kept(inputs) as changed:
        outputs = _tensors(f(*inputs))
        # Never near 0, where an upstream gradient would hide what is wrong.
        upstreams = [rng.choice((-1.0, 1.0), y.shape) * rng.uniform(0.5, 2, y.shape) for y in outputs]
        values = _flat([y.arr for y in outputs])
        computed = _gradients(outputs, upstreams, [inputs[i] for i in checked])
        if changed():
            raise GraphError(
                f"gradcheck: expected f and its derivative rules to leave the inputs as they are, got input "
                f"{changed()[0]} changed. Compute into a new array or Tensor."
            )
        if not np.isfinite(values).all():
            raise ValueError("gradcheck: expected f to give finite values, got nan or inf. Use inputs in its domain.")
        if not np.array_equal(values, _flat([y.arr for y in _tensors(f(*inputs))])):
            raise GraphError(
                "gradcheck: expected f to give the same result for the same inputs, got two. "
                "Call model.eval(), or seed what is random within f."
            )
        probe = _Probe(f, inputs, values, _flat(upstreams), _precision(outputs), rtol)
        for i, gradient in zip(checked, computed, strict=True):
            x = inputs[i].arr
            ok = True
            for index, direction, *steps in _directions(x, projections, rng, step):
                slope = probe.slope(x, direction, *steps)
                got = _along(gradient, index, direction)
                expected = min(max(slope.low, got), slope.high) if slope.corner else slope.value
                comparison = Comparison(i, index, got, expected, rtol * abs(slope.value) + slope.error, slope.corner)
                ok = ok and comparison.ok
                if slope.corner and comparison.ok:
                    kinks.append((i, index))
                else:
                    comparisons.append(comparison)
            if gradient is None and not ok:
                severed.append(i)
    worst = max(comparisons, key=lambda c: c.badness, default=None)
    wrong = sum(not c.ok for c in comparisons)
    return GradcheckResult(len(comparisons), wrong, worst, tuple(severed), tuple(kinks), seed)


@dataclass(frozen=True, slots=True)
class _Slope:
    """A derivative as measured: `value`, give or take `error`; at a corner, anything from `low` to `high`."""

    value: float = nan
    error: float = inf
    low: float = nan
    high: float = nan
    corner: bool = False


@dataclass(frozen=True, slots=True)
class _Probe:
    """f near its inputs: `values` is what it gives at them, all outputs in one flat array."""

    f: Function
    inputs: Sequence[Tensor]
    values: Array
    upstream: Array
    precision: float
    rtol: float

    def at(self, x: Array, there: Array) -> Array:
        """Compute f with other values in the input array x."""
        here = x.copy()
        x[...] = there
        y = _flat([y.arr for y in _tensors(self.f(*self.inputs))])
        x[...] = here
        return y

    def slope(self, x: Array, direction: Array, longest: float, shortest: float, reach: float) -> _Slope:
        """Measure the derivative along a direction, by central differences at ever shorter steps.

        A long step is off by the function's curvature and by corners that it strides over, a short one by rounding.
        How much the slope still changes from one step to the next, plus the rounding, bounds the error; we take the
        step where that is least. At a corner, the slopes on the two sides stay apart however short the step.
        """
        u, norm = self.upstream, float(np.linalg.norm(self.upstream))
        best = _Slope()
        first = before = gap_before = change_before = nan
        moved = np.zeros(u.shape, dtype=bool)
        h = longest
        while h >= shortest and not best.error <= self.rtol * abs(best.value):
            with np.errstate(all="ignore"):  # a long step may leave the domain of f
                down, up = self.at(x, x - h * direction), self.at(x, x + h * direction)
                left, right = u * (self.values - down) / h, u * (up - self.values) / h
            low, high = float(np.minimum(left, right).sum()), float(np.maximum(left, right).sum())
            if isfinite(low + high):
                middle, gap = (low + high) / 2, high - low
                change = max(abs(middle - before), change_before / SHORTER)  # one may be small by chance
                # Rounding: of the entries that move, of x itself, and of entries that may move by less than theirs.
                moved |= (down != self.values) | (up != self.values)
                size = np.maximum(np.abs(down), np.abs(up))
                rounding = (float(np.abs(u * size)[moved].sum()) + abs(middle) * reach) / h
                rounding += float(np.abs(u * np.minimum(size, 1))[~moved].sum()) / longest
                hidden = 2 * self.precision * norm * max(1.0, reach) / h  # numbers near 1, or x, may cancel in f
                error = 2 * change + self.precision * rounding
                first = middle if isnan(first) else first
                # An error as large as the slope would let anything pass; it may be, where both are next to nothing.
                settled = error <= max(abs(first), abs(middle)) / 10 + 1000 * hidden
                if error >= 1e-3 * abs(middle):  # it might be 0
                    error += hidden
                if settled and error < best.error:
                    corner = gap > gap_before / 2 and gap > 10 * (error + self.rtol * abs(middle))
                    best = _Slope(middle, error, low, high, corner)
                if change <= self.precision * rounding:
                    break  # from here on, rounding only gets worse
                before, gap_before, change_before = middle, gap, abs(middle - before)
            h /= SHORTER
        return best


def _directions(
    x: Array, projections: int | None, rng: np.random.Generator, step: float
) -> Iterator[tuple[Index, Array, float, float, float]]:
    """Give the directions to step in: along each entry, or `projections` random ones, where each moves by its size.

    With each go the longest and the shortest step, and the size of x in units of the direction. Steps get as short as
    the smallest entry asks for: the function may have a pole at 0.
    """
    size = np.abs(x)
    unit = np.clip(size, 1, 1 / step)  # no step longer than 1: f may oscillate

    def shortest(entries: Array) -> float:
        return step * float(min(SHORTER**-5, entries[entries > 0].min(initial=inf) / SHORTER))

    if projections is None:
        for index in np.ndindex(x.shape):
            direction = np.zeros(x.shape)
            direction[index] = 1
            yield index, direction, step * float(unit[index]), shortest(size[index]), float(size[index])
    else:
        for _ in range(projections):
            reach = float((size / unit).max(initial=0))
            yield None, rng.standard_normal(x.shape) * unit, step, shortest(size), reach


def _gradients(outputs: tuple[Tensor, ...], upstreams: list[Array], inputs: list[Tensor]) -> list[Array | None]:
    """Pull the upstream gradients back by `backward()`, then put every `.grad` back as it was.

    None for an input that no gradient arrives at.
    """
    nodes = _leaves(outputs) | {x.node for x in inputs}
    held = {node: node.grad for node in nodes}
    try:
        for node in nodes:
            node.grad = None
        for y, u in zip(outputs, upstreams, strict=True):
            if y.requires_grad:
                y.backward(u)
        return [x.grad for x in inputs]
    finally:
        for node, gradient in held.items():
            node.grad = gradient


def _along(gradient: Array | None, index: Index, direction: Array) -> float:
    if gradient is None:
        return 0.0
    return float((gradient * direction).sum() if index is None else gradient[index])  # a nan elsewhere stays there


def _name(index: Index) -> str:
    return "along a random direction" if index is None else f"at {list(index)}"


def _leaves(outputs: tuple[Tensor, ...]) -> set[TensorNode]:
    """Find where `backward()` leaves gradients."""
    reached = [y.node for y in outputs if y.requires_grad]
    seen = set(reached)
    while reached:
        grad_fn = reached.pop().grad_fn
        parents = [] if grad_fn is None else [x for x in grad_fn.parents if x.requires_grad and x not in seen]
        seen.update(parents)
        reached.extend(parents)
    return {node for node in seen if node.is_leaf}


@contextmanager
def _kept(inputs: Sequence[Tensor]) -> Iterator[Callable[[], list[int]]]:
    """Put the inputs back as they are now, whatever happens; gives a function that lists those that have changed."""
    nodes = [x.node for x in inputs]
    values = [x.numpy() for x in inputs]

    def changed() -> list[int]:
        return [
            i
            for i, (x, node, arr) in enumerate(zip(inputs, nodes, values, strict=True))
            if x.node is not node or not np.array_equal(node.arr, arr, equal_nan=True)
        ]

    try:
        yield changed
    finally:
        for i in changed():
            inputs[i].node = nodes[i]
            nodes[i].arr[...] = values[i]


def _demand_checkable(inputs: Sequence[Tensor]) -> None:
    if not any(x.requires_grad for x in inputs):
        raise ValueError(
            "gradcheck: expected at least one input that requires a gradient, got none: there is nothing to check. "
            "Use Tensor(..., requires_grad=True), and pass the parameters of a module too."
        )
    for i, x in enumerate(inputs):
        if x.requires_grad and not x.is_leaf:
            raise GraphError(
                f"gradcheck: expected leaves, got input {i} computed from other Tensors. "
                "Use Tensor(x, requires_grad=True), or compute it within f."
            )
        if x.requires_grad and x.dtype != np.float64:
            raise DtypeError(
                f"gradcheck: expected float64 inputs (finite differences need the digits), got {x.dtype} (input {i}). "
                "Use `.astype(np.float64)`, or Parameters made under set_default_dtype(np.float64)."
            )
        if x.requires_grad and not np.isfinite(x.arr).all():
            raise ValueError(f"gradcheck: expected finite inputs, got nan or inf (input {i}).")


def _tensors(outputs: object) -> tuple[Tensor, ...]:
    several = (outputs,) if isinstance(outputs, Tensor) else outputs
    if not isinstance(several, tuple | list) or not all(isinstance(y, Tensor) for y in several):
        raise DtypeError(
            f"gradcheck: expected f to return a Tensor or a tuple of Tensors, got {type(outputs).__name__}."
        )
    return tuple(several)


def _flat(arrays: Sequence[Array]) -> Array:
    """Join arrays into a flat one of float64, a copy."""
    return np.concatenate([np.zeros(0), *(a.ravel() for a in arrays)])


def _precision(outputs: tuple[Tensor, ...]) -> float:
    """How far off, relatively, an output may be by rounding alone."""
    return 16 * max((float(np.finfo(y.dtype).eps) for y in outputs if y.dtype.kind == "f"), default=0.0)
