"""Arguments that do not fit are named: where, what was expected, what was got, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import DtypeError, GraphError, ShapeError, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

X = Tensor(np.ones((2, 3)), requires_grad=True)
V = Tensor(np.ones(5), requires_grad=True)

SHAPES: dict[str, tuple[Callable[[], Any], str]] = {
    "add": (lambda: X + V, r"add: expected shapes that broadcast together .* got \(2, 3\) and \(5,\).*unsqueeze"),
    "sub": (lambda: X - V, "subtract: expected shapes that broadcast"),
    "mul": (lambda: X * V, "multiply: expected shapes that broadcast"),
    "div": (lambda: X / V, "divide: expected shapes that broadcast"),
    "pow": (lambda: X**V, "power: expected shapes that broadcast"),
    "maximum": (lambda: npt.maximum(X, V), "maximum: expected shapes that broadcast"),
    "where": (lambda: npt.where(True, X, V), r"where: .* got \(\) \(condition\), \(2, 3\) and \(5,\)"),
    "matmul": (lambda: X @ V, r"matmul: expected \(\.\.\., M, K\).*got \(2, 3\) @ \(5,\)\. The last axis of the left"),
    "matmul of a scalar": (lambda: X @ Tensor(1.0), r"matmul: .* got \(2, 3\) @ \(\)"),
    "reshape": (lambda: X.reshape(4), r"reshape: expected a shape with 6 entries .* got \(4,\)"),
    "reshape -1": (lambda: X.reshape(4, -1), r"reshape: .* got \(4, -1\)"),
    "permute": (lambda: npt.permute(X, (0, 0)), r"permute: expected each of the 2 axes of \(2, 3\) once, got \(0, 0\)"),
    "permute too few": (lambda: npt.permute(X, (0,)), "permute: expected each of the 2 axes"),
    "permute too far": (lambda: npt.permute(X, (0, 3)), r"permute: .* got \(0, 3\)"),
    "swapaxes": (lambda: npt.swapaxes(X, 0, 2), r"swapaxes: expected axes of .* \(2, 3\), got 0, 2"),
    "broadcast_to": (lambda: npt.broadcast_to(X, (4, 3)), r"broadcast_to: .* \(2, 3\) broadcasts to, got \(4, 3\)"),
    "squeeze": (lambda: npt.squeeze(X, 0), r"squeeze: expected axes of length 1, got axis 0 of shape \(2, 3\)"),
    "concatenate": (lambda: npt.concatenate([X, V]), r"concatenate: .* equal but for axis 0, got \[\(2, 3\), \(5,\)\]"),
    "concatenate nothing": (lambda: npt.concatenate([]), "concatenate: expected at least one Tensor, got none"),
    "stack": (lambda: npt.stack([X, V]), r"stack: expected Tensors of one shape, got \[\(2, 3\), \(5,\)\]"),
    "stack nothing": (lambda: npt.stack([]), r"stack: expected Tensors of one shape, got \[\]"),
    "pad": (lambda: npt.pad(X, ((1, 1),) * 3), "pad: expected one .* for each of the 2 axes"),
    "pad negative": (lambda: npt.pad(X, -1), "pad: expected widths of 0 or more, got -1"),
    "einsum": (lambda: npt.einsum("ij,jk", X, V), r"einsum: .* fit 'ij,jk', got \[\(2, 3\), \(5,\)\]"),
    "einsum lengths": (lambda: npt.einsum("ij,j", X, V), "einsum: expected operands that fit"),
    "einsum operands": (lambda: npt.einsum("ij,j", X), "2 operands are named, 1 are given"),
    "tensordot": (
        lambda: npt.tensordot(X, V, 1),
        r"tensordot: .* got 3 \(axis 1 of \(2, 3\)\) and 5 \(axis 0 of \(5,\)\)",
    ),
    "tensordot axes": (lambda: npt.tensordot(X, X, ((0, 1), 0)), r"as many axes of a as of b, got \[0, 1\] and \[0\]"),
    "var": (lambda: npt.var(V[:1], ddof=1), r"expected more than ddof \(=1\) entries along axis None, got 1"),
    "std": (lambda: npt.std(X, axis=0, ddof=2), r"expected more than ddof \(=2\) entries along axis 0, got 2"),
}


@pytest.mark.parametrize(("f", "text"), SHAPES.values(), ids=SHAPES)
def test_shapes_that_do_not_fit_are_named(f: Callable[[], Any], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        f()


AXES: dict[str, Callable[[], Any]] = {
    "sum": lambda: npt.sum(X, axis=2),
    "max": lambda: npt.max(X, axis=-3),
    "var": lambda: npt.var(X, axis=2),
    "logsumexp": lambda: npt.logsumexp(X, axis=2),
    "softmax": lambda: npt.softmax(X, axis=2),
    "moveaxis": lambda: npt.moveaxis(X, 2, 0),
    "moveaxis to": lambda: npt.moveaxis(X, 0, 2),
    "repeat": lambda: npt.repeat(X, 2, axis=2),
    "flip": lambda: npt.flip(X, 2),
    "unsqueeze": lambda: npt.unsqueeze(X, 5),
    "stack": lambda: npt.stack([X, X], 3),
    "concatenate": lambda: npt.concatenate([X, X], 2),
    "windows": lambda: np.lib.stride_tricks.sliding_window_view(X, 2, axis=2),
}


@pytest.mark.parametrize("f", AXES.values(), ids=AXES)
def test_an_axis_that_is_not_there_is_refused(f: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="axis"):
        f()


def test_bounds_of_clip_that_require_gradients_are_refused() -> None:
    for low, high in [(V[0], None), (None, V[0])]:
        with pytest.raises(GraphError, match=r"clip: .*Write minimum\(maximum\(x, low\), high\)"):
            npt.clip(X, low, high)


@pytest.mark.parametrize("bad", [None, "a", [None], object(), 1j])
def test_an_operand_that_is_no_number_is_refused(bad: Any) -> None:
    for f in (lambda: X + bad, lambda: bad * X, lambda: npt.maximum(X, bad), lambda: npt.exp(bad)):
        with pytest.raises((DtypeError, TypeError), match=r"expected|unsupported"):
            f()


def test_a_negative_power_of_integers_is_told_from_shapes_that_do_not_fit() -> None:
    with pytest.raises(npt.DtypeError, match="expected floating-point numbers for a negative power"):
        npt.tensor([1, 2]) ** -1
