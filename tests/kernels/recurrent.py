"""The reference of the recurrent kernels, and what every backend is held against.

Forward: the formulas, one step after the other. Gradients: each entry of each input in turn is moved by a tiny
imaginary number, and what comes out is imaginary in proportion to the derivative, with no difference to lose digits.
Source: Squire & Trapp 1998, SIAM Review 40(1), "Using complex variables to estimate derivatives of real functions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch.kernels import Kernels

Array = NDArray[Any]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def rnn(x: Array, h: Array, w_x: Array, w_h: Array, b: Array) -> Array:
    """Return h_1, ..., h_T."""
    states = []
    for x_t in x:
        h = np.tanh(x_t @ w_x + h @ w_h + b)
        states.append(h)
    return np.stack(states)


def lstm(x: Array, h: Array, c: Array, w_x: Array, w_h: Array, b: Array) -> Array:
    """Return h_1, ..., h_T and c_T."""
    states = []
    for x_t in x:
        i, f, g, o = np.split(x_t @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack([*states, c])


def gru(x: Array, h: Array, w_x: Array, w_h: Array, b: Array, b_n: Array) -> Array:
    """Return h_1, ..., h_T."""
    states = []
    for x_t in x:
        (r_x, z_x, n_x), (r_h, z_h, n_h) = (np.split(a, 3, axis=1) for a in (x_t @ w_x + b, h @ w_h))
        r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
        h = (1 - z) * np.tanh(n_x + r * (n_h + b_n)) + z * h
        states.append(h)
    return np.stack(states)


def sigmoid(a: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-a)))


CELLS: dict[str, Callable[..., Array]] = {"rnn": rnn, "lstm": lstm, "gru": gru}


def gradients(cell: str, dy: Array, inputs: list[Array]) -> list[Array]:
    """Return the gradient of the sum of dy * outputs to each input, in float64."""
    found = []
    for place, array in enumerate(inputs):
        gradient = np.zeros(array.shape)
        moved: list[Any] = [a.astype(complex) for a in inputs]
        for at in np.ndindex(*array.shape):
            moved[place][at] += 1e-200j
            gradient[at] = (dy * CELLS[cell](*moved).imag).sum() / 1e-200
            moved[place][at] = array[at]
        found.append(gradient)
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """A layer's sizes, the dtype, how arrays lie in memory, whether it starts from zeros."""

    cell: str
    n: int
    steps: int
    inputs: int
    hidden: int
    dtype: str = "float64"
    lie: str = "as NumPy lays it"
    zeros: bool = False
    seed: int = 0

    def draw(self, *shape: int, at: int = 0) -> Array:
        """Return random numbers; no kernel may write to them."""
        rng = np.random.default_rng((self.seed, at, *shape))
        array = LIES[self.lie](rng.standard_normal(shape).astype(self.dtype))
        array.flags.writeable = False
        return array

    def arguments(self) -> list[Array]:
        """Return x, h0, of an LSTM c0, w_x, w_h, b, of a GRU b_n."""
        width = GATES[self.cell] * self.hidden
        starts = [self.draw(self.n, self.hidden, at=1 + i) for i in range(2 if self.cell == "lstm" else 1)]
        return [
            self.draw(self.steps, self.n, self.inputs),
            *([np.zeros_like(s) for s in starts] if self.zeros else starts),
            self.draw(self.inputs, width),
            self.draw(self.hidden, width, at=3),
            self.draw(width),
            *([self.draw(self.hidden, at=4)] if self.cell == "gru" else []),
        ]

    def upstream(self) -> Array:
        """Return a gradient of h_1, ..., h_T, and c_T of an LSTM."""
        return self.draw(self.steps + (self.cell == "lstm"), self.n, self.hidden, at=5)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return Case(
        cell=draw(st.sampled_from(sorted(CELLS))),
        n=draw(st.integers(0, 3)),
        steps=draw(st.sampled_from([1, 2, 3])),
        inputs=draw(st.sampled_from([1, 3])),
        hidden=draw(st.sampled_from([1, 2, 5])),
        dtype=draw(st.sampled_from(["float32", "float64"])),
        lie=draw(st.sampled_from(sorted(LIES))),
        zeros=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
    )


def two_apart(array: Array) -> Array:
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


LIES: dict[str, Callable[[Array], Array]] = {
    "as NumPy lays it": lambda a: a,
    "in Fortran's order": np.asfortranarray,
    "batch first": lambda a: a if a.ndim < 3 else a.swapaxes(0, 1).copy().swapaxes(0, 1),
    "two apart": two_apart,
    "backwards": lambda a: a[..., ::-1],
}


def forward(kernels: Kernels, case: Case) -> tuple[Array, ...]:
    saved: tuple[Array, ...] = getattr(kernels, case.cell)(*case.arguments())
    return saved


def backward(kernels: Kernels, case: Case, saved: tuple[Array, ...], with_dx: bool = True) -> tuple[Array | None, ...]:
    x, *rest = case.arguments()
    w_x, w_h = rest[2:4] if case.cell == "lstm" else rest[1:3]
    found: tuple[Array | None, ...] = getattr(kernels, f"{case.cell}_grad")(
        case.upstream(), x, w_x, w_h, saved, with_dx=with_dx
    )
    return found


def check(kernels: Kernels, case: Case) -> None:
    """Compare the outputs, and the gradients of all inputs, with those of the reference."""
    inputs = [a.astype(float) for a in case.arguments()]
    expected = [CELLS[case.cell](*inputs), *gradients(case.cell, case.upstream().astype(float), inputs)]
    saved = forward(kernels, case)
    for a, e in zip([saved[0][1:], *backward(kernels, case, saved)], expected, strict=True):
        assert a is not None
        assert a.dtype == case.dtype
        assert a.shape == e.shape
        tolerance = {"float32": 2e-5, "float64": 1e-12}[case.dtype]
        np.testing.assert_allclose(a, e, rtol=0, atol=tolerance * float(np.abs(e).max(initial=1)))
