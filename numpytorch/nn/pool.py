"""Pooling: the largest entry, or the average, of each window of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._backend import known
from numpytorch._errors import ShapeError
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.kernels import Kernels, Window, kernels_of
from numpytorch.nn.conv import IntOrPair, check_images, window_of
from numpytorch.nn.module import Module

if TYPE_CHECKING:
    from numpytorch._node import OutputNode, TensorNode
    from numpytorch._types import Array, Shape


class _Pool(Module):
    def __init__(self, window: Window, backend: str | None) -> None:
        name = type(self).__name__
        if any(2 * p > r for p, r in zip(window.padding, window.reach, strict=True)):
            raise ShapeError(
                f"{name}: expected padding of at most half the window, {tuple(r // 2 for r in window.reach)}, "
                f"got {window.padding}. A window must not lie in padding alone."
            )
        self.window = window
        self.backend = None if backend is None else known(backend, f"{name}: backend")

    def extra_repr(self) -> str:
        """Return the window, without what is left out as a rule."""
        w = self.window
        usual = {"padding": (0, 0), "dilation": (1, 1)}
        rest = [f", {name}={getattr(w, name)}" for name, value in usual.items() if getattr(w, name) != value]
        return f"kernel_size={w.size}, stride={w.stride}" + "".join(rest)


class MaxPool2d(_Pool):
    """The largest entry of each window: (N, C, H, W) -> (N, C, OH, OW).

    kernel_size, stride (None for kernel_size), padding, dilation: one int for both ways or a pair (down, across).
    Padding never wins. The gradient goes to the entry that won, the first of equal ones. A NaN wins over numbers.
    backend: see `Conv2d`.
    """

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        dilation: IntOrPair = 1,
        *,
        backend: str | None = None,
    ) -> None:
        stride = kernel_size if stride is None else stride
        super().__init__(window_of("MaxPool2d", kernel_size, stride, padding, dilation), backend)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW). Raises ShapeError if no window fits, or one holds padding alone."""
        check_images(x, "MaxPool2d")
        kernels = kernels_of(self.backend)
        _check_no_window_is_padding(self.window, x.shape)
        y, places = kernels.max_pool2d(x.arr, self.window)
        return attach(y, MaxPool2dGradFn(kernels, x, places, self.window))


class AvgPool2d(_Pool):
    """The average of each window, in which padding counts as zeros: (N, C, H, W) -> (N, C, OH, OW).

    Arguments as of `MaxPool2d`.
    """

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        *,
        backend: str | None = None,
    ) -> None:
        stride = kernel_size if stride is None else stride
        super().__init__(window_of("AvgPool2d", kernel_size, stride, padding, 1), backend)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, C, OH, OW). Raises ShapeError if no window fits."""
        check_images(x, "AvgPool2d")
        kernels = kernels_of(self.backend)
        return attach(kernels.avg_pool2d(x.arr, self.window), AvgPool2dGradFn(kernels, x, self.window))


class MaxPool2dGradFn(GradFn):
    """To the entry that won in each window, the gradient of the output."""

    fresh = True
    reads_parents = False
    reads_output = False

    def __init__(self, kernels: Kernels, x: Tensor, places: Array, window: Window) -> None:
        super().__init__(x)
        self.kernels = kernels
        self.backend = kernels.name
        self.places = places
        self.window = window

    def f_d(self, x: TensorNode, y: Any) -> tuple[Any]:
        dy = y.grad.arr if isinstance(y.grad, Tensor) else y.grad
        dx = self.kernels.max_pool2d_grad_input(dy, self.places, x.shape, self.window)
        if isinstance(y.grad, Tensor):
            return (attach(dx, WinnersGradFn(y.grad, winners(self.places, x.shape, self.window))),)
        return (dx,)


class WinnersGradFn(GradFn):
    """Each dy was added to the entry that won: the gradient to dy is what arrives at that entry."""

    def __init__(self, dy: Tensor, index: Array) -> None:
        super().__init__(dy)
        self.index = index

    def f_d(self, dy: TensorNode, y: OutputNode) -> tuple[Array]:
        flat = y.grad.reshape(dy.shape[0] * dy.shape[1], -1)  # (N*C, H*W)
        rows = np.arange(len(self.index))[:, None]
        return (flat[rows, self.index].reshape(dy.shape),)


class AvgPool2dGradFn(GradFn):
    """To each entry of a window, an equal share of the gradient of the output."""

    fresh = True
    reads_parents = False
    reads_output = False

    def __init__(self, kernels: Kernels, x: Tensor, window: Window) -> None:
        super().__init__(x)
        self.kernels = kernels
        self.backend = kernels.name
        self.window = window

    def f_d(self, x: TensorNode, y: Any) -> tuple[Any]:
        if isinstance(y.grad, Tensor):
            shares = self.kernels.avg_pool2d_grad_input(y.grad.arr, x.shape, self.window)
            return (attach(shares, SharesGradFn(self.kernels, y.grad, self.window)),)
        return (self.kernels.avg_pool2d_grad_input(y.grad, x.shape, self.window),)


class SharesGradFn(GradFn):
    """Each dy was shared among its window: the gradient to dy is the average of what arrives there."""

    fresh = True

    def __init__(self, kernels: Kernels, dy: Tensor, window: Window) -> None:
        super().__init__(dy)
        self.kernels = kernels
        self.window = window

    def f_d(self, dy: TensorNode, y: Any) -> tuple[Any]:
        if isinstance(y.grad, Tensor):
            means = self.kernels.avg_pool2d(y.grad.arr, self.window)
            return (attach(means, AvgPool2dGradFn(self.kernels, y.grad, self.window)),)
        return (self.kernels.avg_pool2d(y.grad, self.window),)


def winners(places: Array, x_shape: Shape, window: Window) -> Array:
    """Return which entry of an image each place (N, C, OH, OW) names, i*W + j, as (N*C, OH*OW)."""
    oh, ow = np.ogrid[: places.shape[2], : places.shape[3]]
    i, j = np.divmod(places.astype(np.intp), window.size[1])
    rows = oh * window.stride[0] - window.padding[0] + i * window.dilation[0]
    columns = ow * window.stride[1] - window.padding[1] + j * window.dilation[1]
    index: Array = rows * x_shape[3] + columns
    return index.reshape(places.shape[0] * places.shape[1], -1)


def _check_no_window_is_padding(window: Window, x_shape: Shape) -> None:
    """Raise ShapeError if a window, which is dilated then, has no entry in the image."""
    out = window.out_shape(*x_shape[2:])
    lengths = zip(out, x_shape[2:], window.size, window.stride, window.padding, window.dilation, strict=True)
    for n, length, k, s, p, d in lengths:
        at = np.arange(n)[:, None] * s - p + np.arange(k) * d  # (OH, KH)
        if not ((at >= 0) & (at < length)).any(axis=1).all():
            raise ShapeError(
                f"MaxPool2d: expected an entry of the image in each window, got x of shape {x_shape} with {window}. "
                "Use less dilation or padding."
            )
