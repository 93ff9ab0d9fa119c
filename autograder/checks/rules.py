"""Checking derivative rules: operations as layers without parameters, and what usual mistakes in their rules return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograder.checks import differences
from autograder.checks.causes import Cause
from autograder.checks.probe import LayerCase
from autograder.words import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from autograder.sandbox import Array, Scalar

    Suspects: TypeAlias = Iterator[tuple[Cause, tuple[Array | None, ...]]]

_OVERWRITTEN = (
    N_("It is what comes of keeping one of several contributions, and not their sum."),
    N_("An entry that was used in several places gets the sum of what comes back from each."),
)
_NOT_ABOUT_1 = N_(
    "Is something added to a divisor, or clipped, or compared with a tolerance (np.isclose)? That changes little where "
    "numbers are about 1; these are not."
)

Shape: TypeAlias = tuple[int, ...]
Draw: TypeAlias = "Callable[[np.random.Generator, Shape], Array]"


def normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw from the normal distribution."""
    return rng.standard_normal(shape)


def positive(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw numbers from 0.5 to 2.5."""
    return rng.uniform(0.5, 2.5, shape)


def away_from_zero(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw numbers of both signs, from 0.3 to 2."""
    return np.asarray(rng.uniform(0.3, 2.0, shape) * rng.choice([-1.0, 1.0], shape))


def distinct(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw numbers of both signs that are about 0.1 apart."""
    size = int(np.prod(shape))
    values = 0.1 * (rng.permutation(size) - size // 2) + rng.uniform(-0.02, 0.02, size)
    return np.asarray(values).reshape(shape)


def distinct_but_close(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw numbers about 100,000 that are about 0.1 apart."""
    return 1e5 + distinct(rng, shape)


def some_large(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw from the normal distribution, and numbers of both signs so large that exp of them overflows."""
    values = normal(rng, shape)
    values.reshape(-1)[::4] *= 1e4
    return values


def tiny(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw positive numbers of about 1e-8: what is added to a divisor lest it be zero shows there."""
    return 1e-8 * positive(rng, shape)


def tiny_of_both_signs(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw numbers of both signs of about 1e-8."""
    return 1e-8 * away_from_zero(rng, shape)


def wide(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw from the normal distribution, and one number each way as large as exp can take in comfort."""
    values = normal(rng, shape)
    values.reshape(-1)[[0, -1]] = 60, -60
    return values


def with_zeros(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw numbers of both signs, some of them 0."""
    values = away_from_zero(rng, shape)
    values.reshape(-1)[::3] = 0
    return values


def whole(rng: np.random.Generator, shape: Shape) -> Array:
    """Draw 1, 2 and 3, as often."""
    size = int(np.prod(shape))
    return (rng.permutation(size) % 3 + 1.0).reshape(shape)


@dataclass(frozen=True, slots=True)
class RuleCase(LayerCase):
    """One operation on operands of some shapes, whose rule is the hand-in's.

    compute: the forward, on arrays. option, options: the name and the values of what else the rule is given.
    constant: the number of the operand that requires no gradient; -1 for none. draw: one for each operand.
    sizes: what a student should know of the numbers drawn, where they are not about 1.
    """

    operation: str
    operands: tuple[Shape, ...]
    compute: Callable[..., Array]
    option: str = ""
    options: tuple[Any, ...] = field(default=(), compare=False)  # an index array has no hash
    constant: int = -1
    draw: tuple[Draw, ...] = (normal, normal)
    sizes: str = ""
    cls: str = "NamedRule"

    def __str__(self) -> str:
        shapes = " and ".join(f"{name} {shape}" for name, shape in zip(self.names, self.operands, strict=True))
        what = f", {self.option}" if self.option else ""
        constant = f", {self.names[self.constant]} a constant" if self.constant >= 0 else ""
        return f"{self.operation} on {shapes}{what}{constant}{self.sizes and ', '}{self.sizes}"

    @property
    def names(self) -> tuple[str, ...]:
        """The operands' names: a and b, or x."""
        return ("x",) if len(self.operands) == 1 else ("a", "b")

    @property
    def targets(self) -> tuple[str, ...]:
        """The operands that require a gradient."""
        return tuple(name for i, name in enumerate(self.names) if i != self.constant)

    def advice(self, cause: Cause) -> tuple[str, str] | None:
        """Return what to look for in a rule, which knows no windows, and in one that is right for numbers about 1."""
        if cause is Cause.OVERWRITTEN:
            return _OVERWRITTEN
        return ("", _NOT_ABOUT_1) if self.sizes and cause is Cause.BACKWARD_WRONG else None

    @property
    def axes(self) -> int:
        """The most axes that an operand has."""
        return max(map(len, self.operands))

    @property
    def args(self) -> tuple[Scalar, ...]:
        """Operation, option, constant."""
        return self.operation, self.option, self.constant

    def sample(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the operands."""
        drawn = zip(self.names, self.draw, self.operands, strict=False)
        return {name: np.asarray(draw(rng, shape)) for name, draw, shape in drawn}

    def forward(self, inputs: Mapping[str, Array], parameters: Mapping[str, Array]) -> tuple[Array, ...]:
        """Compute the operation, also where measuring takes it out of its domain: an exponent of a negative base."""
        with np.errstate(all="ignore"):
            return (np.asarray(self.compute(*inputs.values())),)

    def gradients(
        self, inputs: Mapping[str, Array], parameters: Mapping[str, Array], upstream: tuple[Array, ...]
    ) -> dict[str, Array]:
        """Measure the gradients on `forward`, in steps that are as small as the operands are."""
        measured = {}
        for name, values in inputs.items():
            unit = min(1.0, float(np.abs(values).max(initial=0))) or 1.0

            def loss(scaled: Array, name: str = name, unit: float = unit) -> float:
                return float(np.vdot(upstream[0], self.forward({**inputs, name: unit * scaled}, parameters)[0]))

            measured[name] = np.asarray(differences.gradient(loss, values / unit) / unit)
        return measured

    def gradient_suspects(
        self, target: str, inputs: Mapping[str, Array], parameters: Mapping[str, Array], upstream: tuple[Array, ...]
    ) -> Iterator[tuple[Cause, Array]]:
        """Yield what usual mistakes would give."""
        i = self.names.index(target)
        dy, y = upstream[0], self.forward(inputs, parameters)[0]
        if self.operation not in SUSPECTS:
            return
        with np.errstate(all="ignore"):
            for cause, gradients in SUSPECTS[self.operation](Seen(dy, y, tuple(inputs.values()), self.options)):
                gradient = gradients[i]
                if gradient is not None:
                    fitted = unbroadcast(gradient, self.operands[i])
                    if fitted is not None:
                        yield cause, fitted


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule works with: the upstream gradient, the result, the operands, and what else it was given."""

    dy: Array
    y: Array
    operands: tuple[Array, ...]
    options: tuple[Any, ...]


def unbroadcast(gradient: Array, shape: Shape) -> Array | None:
    """Add up over the axes along which `shape` was broadcast; None if it does not broadcast to the gradient's."""
    new = gradient.ndim - len(shape)
    if new < 0 or any(n not in (1, m) for n, m in zip(shape, gradient.shape[new:], strict=True)):
        return None
    stretched = (new + i for i, n in enumerate(shape) if n == 1)
    return np.asarray(gradient.sum(axis=(*range(new), *stretched))).reshape(shape)


def _sub(seen: Seen) -> Suspects:
    dy = seen.dy
    yield Cause.SWAPPED_PARENTS, (-dy, dy)


def _mul(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    a, b = seen.operands
    yield Cause.SWAPPED_PARENTS, (dy * a, dy * b)
    yield Cause.Y_FOR_X, (dy * y, dy * y)
    yield Cause.DERIVATIVE_MISSING, (dy, dy)


def _div(seen: Seen) -> Suspects:
    dy = seen.dy
    a, b = seen.operands
    yield Cause.SWAPPED_PARENTS, (-dy * a / b**2, dy / b)
    for sign in (1, -1):
        yield Cause.QUOTIENT_SQUARE, (None, sign * dy * a / b)
        yield Cause.QUOTIENT_SQUARE, (None, sign * dy / b)
        yield Cause.NUMERATOR_MISSING, (None, sign * dy / b**2)
    yield Cause.DERIVATIVE_MISSING, (dy * b, None)
    yield Cause.DERIVATIVE_MISSING, (dy, -dy)


def _pow(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    a, b = seen.operands
    yield Cause.EXPONENT, (dy * b * y, None)  # the exponent is not lowered
    yield Cause.EXPONENT, (dy * a ** (b - 1), None)  # ... and does not come down as a factor
    yield Cause.EXPONENT, (dy * (b - 1) * a ** (b - 1), None)
    yield Cause.EXPONENT, (dy * b * a, None)
    yield Cause.EXPONENT, (dy * 2 * a, None)
    yield Cause.LOGARITHM, (None, dy * y)
    yield Cause.LOGARITHM, (None, dy * np.log(a))
    yield Cause.LOGARITHM, (None, dy * y * np.log(b))
    yield Cause.LOGARITHM, (None, dy * b * a ** (b - 1))
    yield Cause.SWAPPED_PARENTS, (dy * y * np.log(a), dy * b * a ** (b - 1))


def _matmul(seen: Seen) -> Suspects:
    dy = seen.dy
    a, b = seen.operands

    def product(left: Array, right: Array) -> Array | None:
        try:
            result: Array = left @ right
        except ValueError:
            return None
        return result

    at, bt = a.swapaxes(-1, -2), b.swapaxes(-1, -2)
    yield Cause.NOT_TRANSPOSED, (product(dy, b), product(a, dy))
    yield Cause.WRONG_ORDER, (product(bt, dy), product(dy, at))
    yield Cause.SWAPPED_PARENTS, (product(at, dy), product(dy, bt))
    yield Cause.NOT_TRANSPOSED, (product(b, dy), product(dy, a))


def _max(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    x = seen.operands[0]
    largest = x == _kept(y, x, *seen.options)
    yield Cause.DERIVATIVE_MISSING, (np.broadcast_to(_kept(dy, x, *seen.options), x.shape),)
    yield Cause.Y_FOR_X, (_kept(dy, x, *seen.options) * x * largest,)
    spread = _spread(dy, x)
    yield Cause.WRONG_AXES, (None if spread is None else spread * largest,)


def _sum(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    x = seen.operands[0]
    yield Cause.X_FOR_Y, (_kept(dy, x, *seen.options) * x,)
    yield Cause.Y_FOR_X, (_kept(dy * y, x, *seen.options),)
    yield Cause.WRONG_AXES, (_spread(dy, x),)


def _log(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    yield Cause.Y_FOR_X, (dy / y,)
    yield Cause.DERIVATIVE_MISSING, (dy * seen.operands[0],)
    yield Cause.DERIVATIVE_MISSING, (dy * y,)


def _exp(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    x = seen.operands[0]
    yield Cause.X_FOR_Y, (dy * x,)
    yield Cause.Y_FOR_X, (dy * np.exp(y),)
    yield Cause.EXPONENT, (dy * x * np.exp(x - 1),)


def _sigmoid(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    x = seen.operands[0]
    again = 1 / (1 + np.exp(-y))
    yield Cause.X_FOR_Y, (dy * x * (1 - x),)
    yield Cause.Y_FOR_X, (dy * again * (1 - again),)
    yield Cause.DERIVATIVE_MISSING, (dy * y,)
    yield Cause.DERIVATIVE_MISSING, (dy * (1 - y),)


def _tanh(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    x = seen.operands[0]
    yield Cause.X_FOR_Y, (dy * (1 - x**2),)
    yield Cause.Y_FOR_X, (dy * (1 - np.tanh(y) ** 2),)
    yield Cause.DERIVATIVE_MISSING, (dy * (1 - y),)


def _relu(seen: Seen) -> Suspects:
    dy, y = seen.dy, seen.y
    x = seen.operands[0]
    yield Cause.GATE, (dy,)
    yield Cause.GATE, (dy * (x < 0),)
    yield Cause.GATE, (dy * (dy > 0),)
    yield Cause.GATE, (np.maximum(dy, 0) * (x > 0),)
    yield Cause.Y_FOR_X, (dy * y,)
    yield Cause.GATE, (dy * np.sign(x),)


def _reshape(seen: Seen) -> Suspects:
    dy = seen.dy
    yield Cause.FORTRAN_ORDER, (dy.reshape(seen.operands[0].shape, order="F"),)
    yield Cause.FORTRAN_ORDER, (dy.reshape(-1, order="F").reshape(seen.operands[0].shape),)


def _transpose(seen: Seen) -> Suspects:
    dy = seen.dy
    shape = seen.operands[0].shape
    for axes in (seen.options[0], tuple(range(dy.ndim))[::-1]):
        if dy.transpose(axes).shape == shape:
            yield Cause.INVERSE_PERMUTATION, (dy.transpose(axes),)
    yield Cause.RESHAPE_FOR_TRANSPOSE, (dy.reshape(shape),)


def _getitem(seen: Seen) -> Suspects:
    dy = seen.dy
    x, key = seen.operands[0], seen.options[0]
    overwritten, added = np.zeros_like(x), np.zeros_like(x)
    overwritten[key] = dy
    np.add.at(added, key, dy)
    yield Cause.REPEATS, (overwritten,)
    for axes in ((0,), (1,), (0, 1)):
        if dy.ndim > max(axes):
            flipped = np.zeros_like(x)
            np.add.at(flipped, key, np.flip(dy, axes))
            yield Cause.NOT_FLIPPED_BACK, (flipped,)
    ones = np.ones_like(x)
    ones[key] = dy
    yield Cause.REST_NOT_ZERO, (ones,)
    rest = x.copy()
    rest[key] = dy
    yield Cause.REST_NOT_ZERO, (rest,)


def _spread(dy: Array, x: Array) -> Array | None:
    """Spread dy over x as broadcasting does by itself, if it does."""
    try:
        return np.broadcast_to(dy, x.shape)
    except ValueError:
        return None


def _kept(reduced: Array, x: Array, axis: Any, _keepdims: bool) -> Array:
    """Give what a reduction returned its axes back, with length 1."""
    return reduced.reshape(x.sum(axis=axis, keepdims=True).shape)


SUSPECTS: Mapping[str, Callable[[Seen], Suspects]] = {
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "matmul": _matmul,
    "sum": _sum,
    "max": _max,
    "log": _log,
    "exp": _exp,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "reshape": _reshape,
    "transpose": _transpose,
    "getitem": _getitem,
}
"""For each operation, the usual mistakes, and what each of them returns for each operand (None: nothing of its own)."""
