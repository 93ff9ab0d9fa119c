"""What the recurrent layers share.

A layer's sequences are (N, T, ...), and those of the kernels time-major, (T, N, ...): one step is one block of memory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._backend import known
from numpytorch._errors import ShapeError
from numpytorch.autograd.fused import FusedGradFn
from numpytorch.functions import zeros
from numpytorch.functions.convert import default_dtype
from numpytorch.nn.module import Module
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpytorch._node import TensorNode
    from numpytorch._tensor import Tensor
    from numpytorch._types import Array
    from numpytorch.kernels import Kernels
    from numpytorch.kernels.interface import Gradients, Saved


class Recurrent(Module):
    """w_x (D, gates*H), w_h (H, gates*H) and b (gates*H,), with D = input_size and H = hidden_size.

    w_x is drawn uniformly with variance 1/D; each (H, H) block of w_h is orthogonal, so that it neither stretches
    states nor shrinks them, however often it is applied; b is zero.
    backend: "numpy", "numba" or "cuda"; None for the one that `npt.backend` chooses when the layer is called.
    Gradients are computed with the backend that computed the output.
    Source: Saxe et al. 2014, arXiv:1312.6120.
    """

    def __init__(self, input_size: int, hidden_size: int, gates: int, backend: str | None) -> None:
        if input_size < 1 or hidden_size < 1:
            raise ShapeError(
                f"{type(self).__name__}: expected input_size and hidden_size of at least 1, "
                f"got {input_size} and {hidden_size}."
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.backend = None if backend is None else known(backend, f"{type(self).__name__}: backend")
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


class SequenceGradFn(FusedGradFn):
    """The rule of a whole sequence: the kernels that computed it go back through time.

    saved: what they computed on the way there, time-major.
    """

    def __init__(self, kernels: Kernels, saved: Saved, *inputs: Tensor) -> None:
        super().__init__(*inputs)
        self.kernels = kernels
        self.backend = kernels.name
        self.saved = saved

    def back(
        self, kernel: Callable[..., Gradients], dy: Array, x: TensorNode, w_x: TensorNode, w_h: TensorNode
    ) -> Gradients:
        """Go back through time with one of the kernels, from dy, time-major."""
        read = arrays(x, w_x, w_h, dtype=self.saved[0].dtype)
        dx, *rest = kernel(dy, *read, self.saved, with_dx=x.requires_grad)
        return None if dx is None else swapped(dx), *rest


def arrays(x: Tensor | TensorNode, *others: Tensor | TensorNode, dtype: np.dtype[Any] | None = None) -> list[Array]:
    """Return x (N, T, D) as (T, N, D), and the others as they are, in one dtype: by default that of all in one sum."""
    given = [swapped(x.arr), *[other.arr for other in others]]
    dtype = dtype or np.result_type(*given)
    return [array.astype(dtype, copy=False) for array in given]


def swapped(x: Array) -> Array:
    """Return a view of (N, T, K) as (T, N, K), and of (T, N, K) as (N, T, K)."""
    return x.swapaxes(0, 1)


def _orthogonal(n: int) -> Array:
    q, r = np.linalg.qr(np.random.standard_normal((n, n)))  # noqa: NPY002  # draws follow np.random.seed
    rotation: Array = q * np.sign(np.diagonal(r))  # none is then more likely than another
    return rotation.astype(default_dtype())
