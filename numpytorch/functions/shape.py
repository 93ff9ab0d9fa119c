"""Operations that move entries without changing them; each beside its derivative rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from numpytorch._errors import ShapeError
from numpytorch._node import OutputNode, TensorNode
from numpytorch._tensor import Tensor
from numpytorch.autograd.grad_fn import GradFn, attach
from numpytorch.functions.convert import axes_of, node_of, tensor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpytorch._types import Array, Axis, Shape, TensorLike


class ReshapeGradFn(GradFn):
    """The gradient, in the parent's shape."""

    reads_parents = False
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad.reshape(x.shape),)


def reshape(x: TensorLike, *shape: int | tuple[int, ...]) -> Tensor:
    """Give x another shape with the same entries in row-major order; one length may be -1."""
    node = node_of(x)
    wanted = _ints(shape)
    try:
        return attach(node.arr.reshape(wanted), ReshapeGradFn(node))
    except ValueError:
        raise ShapeError(
            f"reshape: expected a shape with {node.size} entries (those of {node.shape}), got {wanted}."
        ) from None


def flatten(x: TensorLike) -> Tensor:
    """Join all axes into one."""
    return reshape(x, -1)


class PermuteGradFn(GradFn):
    """The gradient, with its axes moved back."""

    reads_parents = False
    reads_output = False

    def __init__(self, x: TensorNode, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.back = tuple(sorted(range(len(axes)), key=axes.__getitem__))

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad.transpose(self.back),)


def permute(x: TensorLike, *axes: int | tuple[int, ...]) -> Tensor:
    """Reorder the axes: axis i of the result is axis axes[i] of x. Name every axis once."""
    node = node_of(x)
    order = _ints(axes)
    try:
        order = axes_of(order, node.ndim)
    except ValueError:
        order = ()
    if len(order) != node.ndim:
        raise ShapeError(
            f"permute: expected each of the {node.ndim} axes of {node.shape} once, got {_ints(axes)}."
        ) from None
    return attach(node.arr.transpose(order), PermuteGradFn(node, order))


def transpose(x: TensorLike, *axes: int | tuple[int, ...]) -> Tensor:
    """Reorder the axes: all reversed (no argument), two of them swapped (two ints), or as `permute`."""
    node = node_of(x)
    order = _ints(axes)
    if not order:
        return permute(tensor_of(node), tuple(range(node.ndim))[::-1])
    if len(axes) == 2:
        return swapaxes(tensor_of(node), *order)
    return permute(tensor_of(node), order)


def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes."""
    node = node_of(x)
    order = list(range(node.ndim))
    try:
        order[axis1], order[axis2] = order[axis2], order[axis1]
    except IndexError:
        raise ShapeError(f"swapaxes: expected axes of a Tensor of shape {node.shape}, got {axis1}, {axis2}.") from None
    return permute(tensor_of(node), tuple(order))


def moveaxis(x: TensorLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move axes to new places; the others keep their order."""
    node = node_of(x)
    sources = axes_of(source if isinstance(source, int) else tuple(source), node.ndim)
    places = axes_of(destination if isinstance(destination, int) else tuple(destination), node.ndim)
    order = [a for a in range(node.ndim) if a not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return permute(tensor_of(node), tuple(order))


class BroadcastGradFn(GradFn):
    """The gradient as it is: the engine adds up over broadcast axes."""

    reads_parents = False
    reads_output = False

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad,)


def broadcast_to(x: TensorLike, shape: Shape | int) -> Tensor:
    """Repeat x along axes of length 1, and along new ones in front, to fill `shape`."""
    node = node_of(x)
    try:
        return attach(np.broadcast_to(node.arr, shape), BroadcastGradFn(node))
    except ValueError:
        raise ShapeError(f"broadcast_to: expected a shape that {node.shape} broadcasts to, got {shape}.") from None


def squeeze(x: TensorLike, axis: Axis = None) -> Tensor:
    """Drop axes of length 1: those named, or all."""
    node = node_of(x)
    try:
        shape = node.arr.squeeze(axis).shape
    except ValueError:
        raise ShapeError(f"squeeze: expected axes of length 1, got axis {axis} of shape {node.shape}.") from None
    return reshape(tensor_of(node), shape)


def unsqueeze(x: TensorLike, axis: int) -> Tensor:
    """Insert an axis of length 1, which becomes axis number `axis` of the result."""
    node = node_of(x)
    return reshape(tensor_of(node), np.expand_dims(node.arr, axis).shape)


def repeat(x: TensorLike, repeats: int, axis: int | None = None) -> Tensor:
    """Repeat each entry `repeats` times in a row along `axis`; of x made flat if that is None."""
    if axis is None:
        return repeat(reshape(x, -1), repeats, 0)
    node = node_of(x)
    (axis,) = axes_of(axis, node.ndim)
    before, after = node.shape[: axis + 1], node.shape[axis + 1 :]
    apart = reshape(tensor_of(node), (*before, 1, *after))
    return reshape(broadcast_to(apart, (*before, repeats, *after)), (*before[:-1], before[-1] * repeats, *after))


class FlipGradFn(GradFn):
    """The gradient, flipped back."""

    reads_parents = False
    reads_output = False

    def __init__(self, x: TensorNode, axis: Axis) -> None:
        super().__init__(x)
        self.axis = axis

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (np.flip(y.grad, self.axis),)


def flip(x: TensorLike, axis: Axis = None) -> Tensor:
    """Reverse the order of the entries along `axis`: an int, a tuple of them, or None for all."""
    node = node_of(x)
    return attach(np.flip(node.arr, axis), FlipGradFn(node, axis))


class ConcatenateGradFn(GradFn):
    """To each parent, its piece of the gradient."""

    reads_parents = False
    reads_output = False

    def __init__(self, parents: Sequence[TensorNode], axis: int) -> None:
        super().__init__(*parents)
        self.axis = axis

    def f_d(self, *nodes: TensorNode) -> tuple[Array, ...]:
        parents, dy = nodes[:-1], cast("OutputNode", nodes[-1]).grad
        pieces, start = [], 0
        for x in parents:
            stop = start + x.shape[self.axis]
            pieces.append(dy[(slice(None),) * self.axis + (slice(start, stop),)])
            start = stop
        return tuple(pieces)


def concatenate(tensors: Sequence[TensorLike], axis: int | None = 0) -> Tensor:
    """Join Tensors end to end along `axis`; their other axes must be equal. None joins them flat."""
    if axis is None:
        return concatenate([reshape(t, -1) for t in tensors], 0)
    nodes = [node_of(t) for t in tensors]
    if not nodes:
        raise ShapeError("concatenate: expected at least one Tensor, got none.")
    try:
        arr = np.concatenate([n.arr for n in nodes], axis)
    except ValueError:
        raise ShapeError(
            f"concatenate: expected shapes that are equal but for axis {axis}, got {[n.shape for n in nodes]}."
        ) from None
    return attach(arr, ConcatenateGradFn(nodes, axis % nodes[0].ndim))


def stack(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join Tensors of one shape along a new axis, which becomes axis number `axis` of the result."""
    nodes = [node_of(t) for t in tensors]
    if len({n.shape for n in nodes}) != 1:
        raise ShapeError(f"stack: expected Tensors of one shape, got {[n.shape for n in nodes]}.")
    return concatenate([unsqueeze(tensor_of(n), axis) for n in nodes], axis % (nodes[0].ndim + 1))


class PadGradFn(GradFn):
    """The gradient without the border."""

    reads_parents = False
    reads_output = False

    def __init__(self, x: TensorNode, inside: tuple[slice, ...]) -> None:
        super().__init__(x)
        self.inside = inside

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad[self.inside],)


def pad(x: TensorLike, pad_width: Any, constant_values: float = 0) -> Tensor:
    """Put a border of a constant around x.

    pad_width: how many entries before and after, as in np.pad: n for all axes, (before, after) for all
        axes, or one pair an axis: ((0, 0), (0, 0), (1, 1), (1, 1)) pads the images in (N, C, H, W).
    """
    node = node_of(x)
    try:
        widths = np.broadcast_to(np.asarray(pad_width), (node.ndim, 2)).tolist()
    except ValueError:
        raise ShapeError(
            f"pad: expected one (before, after) for each of the {node.ndim} axes of {node.shape}, got {pad_width}."
        ) from None
    if any(w < 0 for pair in widths for w in pair):
        raise ShapeError(f"pad: expected widths of 0 or more, got {pad_width}. Slice to make a Tensor smaller.")
    arr = np.full([n + a + b for n, (a, b) in zip(node.shape, widths, strict=True)], constant_values, node.dtype)
    inside = tuple([slice(a, a + n) for n, (a, _) in zip(node.shape, widths, strict=True)])
    arr[inside] = node.arr
    return attach(arr, PadGradFn(node, inside))


class WindowGradFn(GradFn):
    """To each entry, the sum of the gradients in all windows that it is in."""

    fresh = True
    reads_parents = False
    reads_output = False

    def __init__(self, x: TensorNode, window: Shape, axes: tuple[int, ...]) -> None:
        super().__init__(x)
        self.window = window
        self.axes = axes

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        dx = np.zeros_like(y.grad, shape=x.shape)
        for offset in np.ndindex(self.window):  # few, and each adds a whole array
            inside = [slice(None)] * x.ndim
            for axis, o in zip(self.axes, offset, strict=True):
                inside[axis] = slice(o, o + y.shape[axis])
            dx[tuple(inside)] += y.grad[(..., *offset)]
        return (dx,)


def sliding_window_view(x: TensorLike, window_shape: int | Shape, axis: Axis = None) -> Tensor:
    """Show every window of `window_shape` along `axis`, in new axes at the end, as NumPy's function does.

    x: (N, C, H, W), window_shape (KH, KW), axis (2, 3) gives (N, C, H - KH + 1, W - KW + 1, KH, KW).
    """
    node = node_of(x)
    window = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = axes_of(axis, node.ndim)
    arr = np.lib.stride_tricks.sliding_window_view(node.arr, window, axes)
    return attach(arr, WindowGradFn(node, window, axes))


def astype(x: TensorLike, dtype: Any) -> Tensor:
    """Copy x with entries of another dtype; the gradient goes back in x's own."""
    node = node_of(x)
    return attach(node.arr.astype(dtype), BroadcastGradFn(node))


def _ints(given: tuple[int | tuple[int, ...], ...]) -> tuple[int, ...]:
    """Accept f(2, 3) and f((2, 3)) alike."""
    first = given[0] if len(given) == 1 else given
    return tuple([int(n) for n in first]) if isinstance(first, tuple | list) else (int(first),)  # type: ignore[arg-type]  # a tuple of ints by now
