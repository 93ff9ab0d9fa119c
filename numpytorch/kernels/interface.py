"""The one interface of the kernels: what a backend computes, and where the windows of an image lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from numpytorch._errors import ShapeError

if TYPE_CHECKING:
    from numpytorch._types import Array, Shape

Pair = tuple[int, int]

Saved: TypeAlias = "tuple[Array, ...]"
"""What a recurrent layer computed on the way through time, for the way back."""

Gradients: TypeAlias = "tuple[Array | None, ...]"
"""One for each argument of a recurrent layer, in their order. That of x is None unless it is asked for: the first layer
of a network has no use for it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where the windows of an image (H, W) lie: each pair is (down, across).

    size: (KH, KW). stride: from one window to the next. padding: rows and columns added on each side.
    dilation: from one entry of a window to the next.
    Raises ValueError unless sizes, strides and dilations are at least 1, and paddings at least 0.
    """

    size: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def __post_init__(self) -> None:
        for name, least in (("size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
            pair: Pair = getattr(self, name)
            if min(pair) < least:
                raise ValueError(f"Window: expected {name} of at least {least} both ways, got {pair}.")

    @property
    def reach(self) -> Pair:
        """How many rows and columns of the image a window spans: dilation*(KH - 1) + 1."""
        (down, across), (i, j) = self.size, self.dilation
        return i * (down - 1) + 1, j * (across - 1) + 1

    def out_shape(self, height: int, width: int) -> Pair:
        """Return (OH, OW): OH = (H + 2*padding - dilation*(KH - 1) - 1) // stride + 1.

        Raises ShapeError if not even one window fits.
        Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationships 6 and 12.
        """
        lengths = zip((height, width), self.reach, self.stride, self.padding, strict=True)
        down, across = [(n + 2 * p - r) // s + 1 for n, r, s, p in lengths]
        if down < 1 or across < 1:
            raise ShapeError(
                f"expected an image that one window fits into, got {(height, width)} with {self}. "
                "Use a smaller kernel or dilation, or more padding."
            )
        return down, across


class Kernels(Protocol):
    """Convolution, pooling and recurrent layers forward, and the gradient to each of their inputs.

    Arrays are float32 or float64, all of one dtype, with any strides; none is changed. Results are new, and may have
    any strides too. Shapes fit: callers check them. The batch may be empty. Below, (OH, OW) is
    `window.out_shape(H, W)`, and dy is the gradient of the output, of its shape.
    """

    name: str
    """What `npt.backend` calls it."""

    def conv2d(self, x: Array, weight: Array, bias: Array | None, window: Window, groups: int = 1) -> Array:
        """Cross-correlate: x (N, C, H, W), weight (F, C/groups, KH, KW), bias (F,) -> (N, F, OH, OW)."""
        ...

    def conv2d_grad_input(self, dy: Array, weight: Array, x_shape: Shape, window: Window, groups: int = 1) -> Array:
        """Return the gradient of x, of `x_shape`."""
        ...

    def conv2d_grad_weight(self, dy: Array, x: Array, window: Window, groups: int = 1) -> Array:
        """Return the gradient of weight, (F, C/groups, KH, KW)."""
        ...

    def conv2d_grad_bias(self, dy: Array) -> Array:
        """Return the gradient of bias, (F,)."""
        ...

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """Return the largest entry of each window, (N, C, OH, OW), and its place in the window, i*KW + j.

        Padding never wins: each window holds an entry of the image. Of equal ones the first wins; a NaN wins over
        numbers, and the first of several. Places are unsigned integers of the smallest type that holds KH*KW - 1.
        """
        ...

    def max_pool2d_grad_input(self, dy: Array, places: Array, x_shape: Shape, window: Window) -> Array:
        """Add each dy to the entry that won, and return the gradient of x, of `x_shape`."""
        ...

    def avg_pool2d(self, x: Array, window: Window) -> Array:
        """Average each window, (N, C, OH, OW); padding counts as zeros."""
        ...

    def avg_pool2d_grad_input(self, dy: Array, x_shape: Shape, window: Window) -> Array:
        """Share each dy among the entries of its window, and return the gradient of x, of `x_shape`."""
        ...

    # Recurrent layers. Sequences are time-major: x (T, N, D) with T >= 1, dy (T, N, H). h0, c0: (N, H). w_x (D, K),
    # w_h (H, K), b (K,), where K is H for each gate. Forward, each returns what its gradients need: the states first.

    def rnn(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        """h_t = tanh(x_t w_x + h_{t-1} w_h + b). Return (h_0, ..., h_T,), one array (T + 1, N, H)."""
        ...

    def rnn_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """Return (dx, dh0, dw_x, dw_h, db) from dy, the gradient of h_1, ..., h_T."""
        ...

    def lstm(self, x: Array, h0: Array, c0: Array, w_x: Array, w_h: Array, b: Array) -> Saved:
        """i, f, g, o = x_t w_x + h_{t-1} w_h + b; c_t = s(f) c_{t-1} + s(i) tanh(g); h_t = s(o) tanh(c_t).

        s is the sigmoid. Return h_0, ..., h_T, c_T in one array, (T + 2, N, H); c_0, ..., c_T, (T + 1, N, H); and s(i),
        s(f), tanh(g), s(o) side by side, (T, N, 4H).
        """
        ...

    def lstm_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """Return (dx, dh0, dc0, dw_x, dw_h, db) from dy (T + 1, N, H), the gradient of h_1, ..., h_T and c_T."""
        ...

    def gru(self, x: Array, h0: Array, w_x: Array, w_h: Array, b: Array, b_n: Array) -> Saved:
        """r, z, n: see `nn.GRU`; b_n (H,). h_t = (1 - z) n + z h_{t-1}.

        Return h_0, ..., h_T, (T + 1, N, H); r, z, n side by side, (T, N, 3H); and h_{t-1} w_hn + b_n, (T, N, H).
        """
        ...

    def gru_grad(self, dy: Array, x: Array, w_x: Array, w_h: Array, saved: Saved, with_dx: bool = True) -> Gradients:
        """Return (dx, dh0, dw_x, dw_h, db, db_n) from dy, the gradient of h_1, ..., h_T."""
        ...
