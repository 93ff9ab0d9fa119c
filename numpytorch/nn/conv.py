"""Conv2d: a bank of filters that slides over images."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, cast

from numpytorch._backend import known
from numpytorch._errors import DtypeError, ShapeError
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.functions import zeros
from numpytorch.kernels import Kernels, Window, kernels_of
from numpytorch.nn.module import Module
from numpytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpytorch._node import TensorNode
    from numpytorch._types import Array, Shape


IntOrPair: TypeAlias = int | tuple[int, int]
"""One number for both ways, or (down, across)."""


class Conv2d(Module):
    """Cross-correlate images (N, C, H, W) with F filters, and add a bias to each result: (N, F, OH, OW).

    in_channels C, out_channels F; the rest as in `Window`, one int for both ways or a pair (down, across).
    groups: filters and channels are cut into so many groups, and each group of filters sees its channels alone.
    OH = (H + 2*padding - dilation*(KH - 1) - 1) // stride + 1, and OW alike.
    w: (F, C/groups, KH, KW), drawn by `Parameter.new`; b: (F,), zero, or None for no bias.
    backend: "numpy", "numba" or "cuda"; None for the one that `npt.backend` chooses when the layer is called.
    Gradients are computed with the backend that computed the output.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: IntOrPair = 0,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        backend: str | None = None,
    ) -> None:
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ShapeError(
                f"Conv2d: expected groups that divide in_channels and out_channels, got groups={groups}, "
                f"in_channels={in_channels} and out_channels={out_channels}."
            )
        self.window = window_of("Conv2d", kernel_size, stride, padding, dilation)
        self.groups = groups
        self.backend = None if backend is None else known(backend, "Conv2d: backend")
        self.w = Parameter.new(out_channels, in_channels // groups, *self.window.size)
        self.b = Parameter(zeros(out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W), of the dtype of w, to (N, F, OH, OW).

        Raises ShapeError if there are other than C channels or no window fits, DtypeError if the dtypes differ.
        """
        channels = self.w.shape[1] * self.groups
        check_images(x, "Conv2d")
        if x.shape[1] != channels:
            raise ShapeError(
                f"Conv2d: expected x of shape (N, C, H, W) with C={channels} channels, got shape {x.shape}. "
                f"Create Conv2d with in_channels={x.shape[1]}."
            )
        if x.dtype != self.w.dtype:
            raise DtypeError(
                f"Conv2d: expected x of {self.w.dtype}, as the weight, got {x.dtype}. Use x.astype(np.{self.w.dtype})."
            )
        form = _Form(kernels_of(self.backend), x.shape, self.window, self.groups)
        parents = (x, self.w) if self.b is None else (x, self.w, self.b)
        y = form.kernels.conv2d(x.arr, self.w.arr, None if self.b is None else self.b.arr, self.window, self.groups)
        return attach(y, Conv2dGradFn(form, *parents))

    def extra_repr(self) -> str:
        """Return the shapes of the parameters, and where the windows lie."""
        w = self.window
        rest = f"stride={w.stride}, padding={w.padding}, dilation={w.dilation}, groups={self.groups}"
        return f"{super().extra_repr()}, {rest}"


@dataclass(frozen=True, slots=True)
class _Form:
    """The number sum(dy * conv2d(x, w)). It is linear in each of dy, x and w.

    The derivative to one of them is a function of the other two: to dy it is the convolution itself, to x and to w
    they are its gradients. So each of the three has the other two as its own gradients, and there are derivatives of
    any order.
    """

    kernels: Kernels
    x_shape: Shape
    window: Window
    groups: int

    def derivative(self, to: str, **others: Any) -> Any:
        """Return the derivative to "dy", "x" or "w" from the other two: an array from arrays, a Tensor from Tensors."""
        if any(isinstance(other, Tensor) for other in others.values()):
            tensors = {name: other if isinstance(other, Tensor) else Tensor(other) for name, other in others.items()}
            arrays = {name: tensor.arr for name, tensor in tensors.items()}
            return attach(self.derivative(to, **arrays), FormGradFn(self, to, tensors))
        if to == "dy":
            return self.kernels.conv2d(others["x"], others["w"], None, self.window, self.groups)
        if to == "x":
            return self.kernels.conv2d_grad_input(others["dy"], others["w"], self.x_shape, self.window, self.groups)
        return self.kernels.conv2d_grad_weight(others["dy"], others["x"], self.window, self.groups)


class FormGradFn(GradFn):
    """The gradients of one derivative of a `_Form`: the form's other derivatives."""

    fresh = True

    def __init__(self, form: _Form, to: str, others: dict[str, Tensor]) -> None:
        super().__init__(*others.values())
        self.form = form
        self.to = to
        self.names = tuple(others)

    def f_d(self, a: TensorNode, b: TensorNode, y: Any) -> tuple[Array | None, Array | None]:
        first, second = self.names
        return (
            self.form.derivative(first, **{second: b.arr, self.to: y.grad}) if a.requires_grad else None,
            self.form.derivative(second, **{first: a.arr, self.to: y.grad}) if b.requires_grad else None,
        )


class Conv2dGradFn(GradFn):
    """y = conv2d(x, w) + b: to x and w, the derivatives of the form; to b, the sum of dy over images and places."""

    fresh = True
    reads_output = False

    def __init__(self, form: _Form, *parents: Tensor) -> None:
        super().__init__(*parents)
        self.form = form
        self.backend = form.kernels.name

    def f_d(self, x: TensorNode, w: TensorNode, *rest: Any) -> tuple[Array | None, ...]:
        dy = rest[-1].grad
        dx = self.form.derivative("x", dy=dy, w=w.arr) if x.requires_grad else None
        dw = self.form.derivative("w", dy=dy, x=x.arr) if w.requires_grad else None
        if len(rest) == 1:
            return dx, dw
        db: Any = dy.sum((0, 2, 3)) if isinstance(dy, Tensor) else self.form.kernels.conv2d_grad_bias(dy)
        return dx, dw, db


def window_of(where: str, kernel_size: IntOrPair, stride: IntOrPair, padding: IntOrPair, dilation: IntOrPair) -> Window:
    """Return the window that a layer's arguments describe. Raises TypeError if one is no whole number, nor a pair."""
    values = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    return Window(*(_pair(value, f"{where}: {name}") for name, value in values.items()))


def _pair(value: object, where: str) -> tuple[int, int]:
    """Return (value, value) for one whole number, or the pair, as ints of Python."""
    try:
        down, across = (value, value) if isinstance(value, SupportsIndex) else cast("Iterable[SupportsIndex]", value)
        return index(down), index(across)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: expected a whole number, or a pair of them (down, across), got {value!r}.") from None


def check_images(x: object, where: str) -> None:
    """Raise TypeError, ShapeError or DtypeError unless x is a batch of images (N, C, H, W) of float32 or float64."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{where}: expected a Tensor (N, C, H, W), got {type(x).__name__}. Use npt.tensor(x).")
    if x.ndim != 4:
        raise ShapeError(
            f"{where}: expected x of shape (N, C, H, W), got {x.shape}. One image needs a batch axis: x.unsqueeze(0)."
        )
    if x.dtype not in ("float32", "float64"):
        raise DtypeError(f"{where}: expected x of float32 or float64, got {x.dtype}. Use x.astype(np.float32).")
