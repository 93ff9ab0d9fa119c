"""What the recurrent layers share.

Within a layer, arrays are time-major, (T, N, ...), so that one step is one block of memory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import ShapeError
from numpytorch._tensor import Tensor
from numpytorch.functions import zeros
from numpytorch.functions.convert import default_dtype
from numpytorch.nn.module import Module
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._types import Array


class Recurrent(Module):
    """w_x (D, gates*H), w_h (H, gates*H) and b (gates*H,), with D = input_size and H = hidden_size.

    w_x is drawn uniformly with variance 1/D; each (H, H) block of w_h is orthogonal, so that it neither stretches
    states nor shrinks them, however often it is applied; b is zero.
    Source: Saxe et al. 2014, arXiv:1312.6120.
    """

    def __init__(self, input_size: int, hidden_size: int, gates: int) -> None:
        if input_size < 1 or hidden_size < 1:
            raise ShapeError(
                f"{type(self).__name__}: expected input_size and hidden_size of at least 1, "
                f"got {input_size} and {hidden_size}."
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.w_x = Parameter(Parameter.new(input_size, gates * hidden_size).arr * math.sqrt(1 / 2))
        self.w_h = Parameter(np.concatenate([_orthogonal(hidden_size) for _ in range(gates)], axis=1))
        self.b = Parameter(zeros(gates * hidden_size))

    def checked(self, x: Tensor) -> Tensor:
        """Return x; raise ShapeError if it is not (N, T, D) with at least one step."""
        if x.ndim != 3 or x.shape[2] != self.input_size or x.shape[1] < 1:
            raise ShapeError(
                f"{type(self).__name__}: expected x (N, T, D) with T >= 1 and D = input_size = {self.input_size}, "
                f"got shape {x.shape}. Images are sequences of rows: x.reshape(len(x), 28, 28)."
            )
        return x

    def state(self, given: Tensor | None, x: Tensor, name: str) -> Tensor:
        """Return the state that the first step begins with, (N, H): zeros if none is given."""
        shape = len(x), self.hidden_size
        if given is None:
            return zeros(shape, dtype=self.w_h.dtype)
        if given.shape != shape:
            raise ShapeError(
                f"{type(self).__name__}: expected {name} (N, H) = {shape} for x {x.shape}, got shape {given.shape}."
            )
        return given

    def extra_repr(self) -> str:
        """Show the sizes."""
        return f"{self.input_size}, {self.hidden_size}"


def time_major(x: Array) -> Array:
    """(N, T, D) -> (T * N, D): all steps, one after the other, as the rows of one matrix. Copies only if it must."""
    return np.ascontiguousarray(x.swapaxes(0, 1)).reshape(-1, x.shape[2])


def from_inputs(x: Array, w_x: Array, b: Array, out: Array) -> None:
    """Set out (T, N, K) to x_t w_x + b, for all steps at once."""
    np.matmul(time_major(x), w_x, out=out.reshape(-1, out.shape[2]))
    out += b


def to_inputs(
    da: Array, x: TensorNode, w_x: TensorNode, b: TensorNode
) -> tuple[Array | None, Array | None, Array | None]:
    """Return dx (N, T, D), dw_x (D, K) and db (K,), from da (T, N, K), the gradient of x_t w_x + b."""
    steps, n, width = da.shape
    rows = da.reshape(steps * n, width)
    dx = dw_x = None
    if x.requires_grad:
        dx = (rows @ w_x.arr.T).reshape(steps, n, x.shape[2]).swapaxes(0, 1)
    if w_x.requires_grad:
        dw_x = time_major(x.arr).T @ rows
    return dx, dw_x, column_sums(rows) if b.requires_grad else None


def to_states(da: Array, before: Array, w_h: TensorNode) -> Array | None:
    """Return dw_h (H, K), from da (T, N, K), the gradient of h_{t-1} w_h, and the states before each step (T, N, H)."""
    if not w_h.requires_grad:
        return None
    dw_h: Array = before.reshape(-1, before.shape[2]).T @ da.reshape(-1, da.shape[2])
    return dw_h


def column_sums(rows: Array) -> Array:
    """Return rows.sum(axis=0), as a product: BLAS is several times as fast."""
    sums: Array = np.ones(len(rows), rows.dtype) @ rows
    return sums


def sigmoid_(a: Array) -> None:
    """Set a to 1 / (1 + exp(-a)), in place: it is (1 + tanh(a / 2)) / 2, which cannot overflow."""
    a *= 0.5
    np.tanh(a, out=a)
    a += 1
    a *= 0.5


def common_dtype(*nodes: TensorNode) -> np.dtype[Any]:
    """Return the dtype of what is computed from all of these."""
    return np.result_type(*[x.arr for x in nodes])


def time_major_gradient(y: OutputNode) -> Array:
    """Return the gradient of a result (N, T, H) as (T, N, H)."""
    return y.grad.swapaxes(0, 1)


def _orthogonal(n: int) -> Array:
    q, r = np.linalg.qr(np.random.standard_normal((n, n)))  # noqa: NPY002  # draws follow np.random.seed
    rotation: Array = q * np.sign(np.diagonal(r))  # none is then more likely than another
    return rotation.astype(default_dtype())
