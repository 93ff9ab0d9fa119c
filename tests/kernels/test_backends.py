"""Every backend of the CPU against one slow loop reference, over shapes that Hypothesis draws."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from numpytorch.kernels import Kernels, Window, columns, kernels_of

from . import reference

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[Any]


@pytest.fixture(params=["numpy", "numba"], scope="module")
def kernels(request: pytest.FixtureRequest) -> Kernels:
    if request.param == "numba":
        pytest.importorskip("numba", exc_type=ImportError)
    return kernels_of(request.param)


@dataclass(frozen=True, slots=True)
class Case:
    """Shapes of a convolution, the dtype, and how arrays lie in memory."""

    n: int
    groups: int
    channels: int
    filters: int
    height: int
    width: int
    window: Window
    dtype: str
    lie: str
    seed: int

    def draw(self, *shape: int) -> Array:
        """Return random numbers that lie in memory as the case says; no kernel may write to them."""
        rng = np.random.default_rng((self.seed, *shape))
        array = LIES[self.lie](rng.standard_normal(shape).astype(self.dtype))
        array.flags.writeable = False
        return array

    def close(self, actual: Array, expected: Array) -> None:
        """Check values, shape and dtype."""
        assert actual.dtype == self.dtype
        assert actual.flags.writeable
        tolerance = {"float32": 2e-5, "float64": 1e-12}[self.dtype]
        scale = float(np.abs(expected).max(initial=1, where=np.isfinite(expected)))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def _stepped(array: Array) -> Array:
    """Put each entry of the last axes two apart, in reverse order."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2][..., ::-1]


LIES: dict[str, Callable[[Array], Array]] = {
    "as NumPy lays it": lambda a: a,
    "channels last": lambda a: a if a.ndim < 4 else np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1),
    "in Fortran's order": np.asfortranarray,
    "two apart": _stepped,
}  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    def pair(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
        return st.tuples(st.integers(low, high), st.integers(low, high))

    window = Window(draw(pair(1, 3)), draw(pair(1, 4)), draw(pair(0, 2)), draw(pair(1, 2)))
    fit = [
        max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(window.size, window.padding, window.dilation, strict=True)
    ]
    return Case(
        n=draw(st.integers(0, 3)),
        groups=draw(st.integers(1, 3)),
        channels=draw(st.sampled_from([1, 2, 3])),
        filters=draw(st.sampled_from([1, 2, 5])),
        height=fit[0] + draw(st.sampled_from([0, 1, 2, 4])),
        width=fit[1] + draw(st.sampled_from([0, 1, 3, 6])),
        window=window,
        dtype=draw(st.sampled_from(["float32", "float64"])),
        lie=draw(st.sampled_from(sorted(LIES))),
        seed=draw(st.integers(0, 99)),
    )


def case_of(channels: int, width: int, window: Window) -> Case:
    return Case(3, 2, channels, 2, 4, width, window, "float32", "as NumPy lays it", 0)


ONE_ENTRY = case_of(3, 2, Window((1, 1)))
ONE_ENTRY_APART = case_of(3, 5, Window((1, 1), stride=(1, 2)))
ONE_ENTRY_PADDED = case_of(3, 1, Window((1, 1), padding=(0, 1)))
THIN = case_of(1, 7, Window((3, 2)))
THIN_APART = case_of(1, 9, Window((1, 2), stride=(1, 2)))


@given(cases(), st.sampled_from([1, 1 << 20]))
@example(ONE_ENTRY, 1)
@example(ONE_ENTRY, 1 << 20)
@example(ONE_ENTRY_APART, 1 << 20)
@example(ONE_ENTRY_PADDED, 1 << 20)
@example(THIN, 1)
@example(THIN_APART, 1 << 20)
def test_convolution_and_its_gradients_are_those_of_the_loops(kernels: Kernels, case: Case, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "BLOCK", block)  # bytes: each output row alone, or all in one piece
        check_convolution(kernels, case)


def compiled_for(dtype: str, kernels: Kernels, case: Case) -> Case:
    """Return the case for the only dtype that Numba compiles for, which takes seconds, unless it is a deep run."""
    is_quick = os.environ.get("HYPOTHESIS_PROFILE", "quick") == "quick"
    return replace(case, dtype=dtype) if kernels.name == "numba" and is_quick else case


def check_convolution(kernels: Kernels, case: Case) -> None:
    case = compiled_for("float32", kernels, case)
    x = case.draw(case.n, case.groups * case.channels, case.height, case.width)
    weight = case.draw(case.groups * case.filters, case.channels, *case.window.size)
    bias = case.draw(len(weight))
    dy = case.draw(case.n, len(weight), *case.window.out_shape(case.height, case.width))
    y, dx, dw = reference.gradients_of_conv2d(dy, x, weight, bias, case.window, case.groups)
    case.close(kernels.conv2d(x, weight, bias, case.window, case.groups), y)
    case.close(kernels.conv2d(x, weight, None, case.window, case.groups), y - bias[:, None, None])
    case.close(kernels.conv2d_grad_input(dy, weight, x.shape, case.window, case.groups), dx)
    case.close(kernels.conv2d_grad_weight(dy, x, case.window, case.groups), dw)
    case.close(kernels.conv2d_grad_bias(dy), dy.astype(float).sum((0, 2, 3)))


ENTRIES: dict[str, Callable[[Array], Array]] = {
    "all different": lambda x: x,
    "many equal": np.round,
    "many minus infinity": lambda x: np.where(x < 0.5, x.dtype.type(-np.inf), x),
    "some NaN": lambda x: np.where(x > 0.5, x.dtype.type(np.nan), x),
}


def pooled(case: Case) -> Window:
    """Return the window of a case with no more padding than pooling takes."""
    w = case.window
    padding = [min(p, r // 2) for p, r in zip(w.padding, w.reach, strict=True)]
    return Window(w.size, w.stride, (padding[0], padding[1]), w.dilation)


@given(cases(), st.sampled_from(sorted(ENTRIES)))
def test_pooling_and_its_gradients_are_those_of_the_loops(kernels: Kernels, case: Case, entries: str) -> None:
    case = compiled_for("float64", kernels, case)
    window = pooled(case)
    height, width = max(case.height, window.reach[0]), max(case.width, window.reach[1])
    x = ENTRIES[entries](case.draw(case.n, case.channels, height, width))
    dy = case.draw(case.n, case.channels, *window.out_shape(height, width))
    y, places, dx = reference.max_pool2d(x, window, dy)
    actual, at = kernels.max_pool2d(x, window)
    case.close(actual, y)
    np.testing.assert_array_equal(at, places)
    case.close(kernels.max_pool2d_grad_input(dy, at, x.shape, window), dx)
    if entries in ("all different", "many equal"):
        y, _ = reference.avg_pool2d(x, window, dy)
        case.close(kernels.avg_pool2d(x, window), y)
    _, dx = reference.avg_pool2d(np.zeros(x.shape), window, dy)
    case.close(kernels.avg_pool2d_grad_input(dy, x.shape, window), dx)
