"""Tensor: what a user holds. Every operation on it is a function of `numpytorch.functions`.

The file is long for one reason: each operator and method that a user may expect stands here, in a line of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import DtypeError, GraphError, ShapeError
from numpytorch._node import TensorNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpytorch._types import Array, Axis, Key, Shape, TensorLike
    from numpytorch.autograd.grad_fn import GradFn


class Tensor:
    """An array that remembers how it was computed, so that `backward()` can differentiate it.

    Tensor(x) copies x: an array, a number, nested lists, or another Tensor's values. It is a new leaf,
    and no gradient goes back to x.

    requires_grad: whether `backward()` is to leave d(loss)/d(this) in `.grad`. Floating-point only.
    grad_fn: the operation that computed x. If any of its parents requires a gradient then so does this
        Tensor, whatever `requires_grad` says. `numpytorch.autograd.attach` does the same without a copy.
    is_leaf: accepted for earlier coursework; a Tensor is a leaf if and only if it has no `grad_fn`.

    Operators and `x[...]` work as in NumPy, with a gradient; so do NumPy's own functions (`np.exp(x)`).
    Comparisons give arrays of bool. Indexing gives a Tensor of its own: writing to it (`x[0] += 1`,
    `row = x[0]; row[1] = 2`) also writes to x, but writing to x later does not change it.
    """

    __slots__ = ("__weakref__", "node")

    node: TensorNode

    def __init__(
        self,
        arr: TensorLike | list[Any] | tuple[Any, ...],
        requires_grad: bool = False,
        is_leaf: bool = True,
        grad_fn: GradFn | None = None,
    ) -> None:
        values = arr.node.arr.copy() if isinstance(arr, Tensor) else array_of(arr, copy=True)
        if requires_grad:
            check_differentiable(values)
        if grad_fn is not None:
            self.node = attach(values, grad_fn).node
            if requires_grad and grad_enabled():
                self.node.requires_grad = True
        else:
            self.node = TensorNode(values, requires_grad)

    # ---- what it holds -----------------------------------------------------------------------------

    @property
    def arr(self) -> Array:
        """The values, as the array itself: no gradient flows through what is computed from it.

        Assigning copies, except in `x.arr -= ...`, which changes the array in place.
        """
        return self.node.arr

    @arr.setter
    def arr(self, values: Array) -> None:
        if values is self.node.arr:
            self.node.mark_written()
            return
        new = array_of(values, copy=True)
        if new.shape != self.node.arr.shape:
            raise ShapeError(
                f"Tensor.arr: expected values of shape {self.shape}, got {new.shape}. "
                "Make a new Tensor for another shape."
            )
        if self.node.requires_grad:
            check_differentiable(new)
        self.node.replace(new, in_place=False)

    @property
    def grad(self) -> Array | None:
        """d(loss)/d(this), same shape and dtype; None before `backward()`, and on what is not a leaf."""
        return self.node.grad

    @grad.setter
    def grad(self, gradient: Array | None) -> None:
        if gradient is None:
            self.node.grad = None
            return
        if not self.is_leaf:
            raise GraphError(
                "Tensor.grad: expected a leaf, got a Tensor computed from others, which keeps no gradient. "
                "Start from it with x.backward(gradient)."
            )
        values = array_of(gradient, copy=True)
        if values.shape != self.shape:
            raise ShapeError(f"Tensor.grad: expected shape {self.shape} or None, got {values.shape}.")
        self.node.grad = values.astype(self.dtype, copy=False)

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient is wanted here, or at anything that this was computed from."""
        return self.node.requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf and not value:
            raise GraphError(
                "Tensor.requires_grad: expected True, for this was computed from tensors that require a "
                "gradient, got False. Use `.detach()` for a copy without a graph."
            )
        if value:
            check_differentiable(self.node.arr)
        self.node.requires_grad = value

    @property
    def grad_fn(self) -> GradFn | None:
        """The operation that computed this, or None for a leaf."""
        return self.node.grad_fn

    @property
    def is_leaf(self) -> bool:
        """Whether no operation on record made this: gradients stay here."""
        return self.node.grad_fn is None

    @property
    def shape(self) -> Shape:
        """The length of each axis."""
        return self.node.arr.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.node.arr.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.node.arr.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""
        return self.node.arr.dtype

    def item(self) -> float:
        """Return the only entry as a Python number; raise ShapeError if there are several."""
        if self.size != 1:
            raise ShapeError(f"item: expected a Tensor with one entry, got shape {self.shape}. Index it first.")
        value: float = self.node.arr.item()
        return value

    def numpy(self) -> Array:
        """Return a copy of the values, with no graph."""
        return self.node.arr.copy()

    def detach(self) -> Tensor:
        """Return a Tensor with a copy of the values, through which no gradient goes back."""
        return Tensor(self)

    # ---- going back --------------------------------------------------------------------------------

    def backward(self, gradient: TensorLike | None = None) -> None:
        """Add d(this)/d(leaf) to `.grad` of every leaf that requires one. Call it again, and they add up.

        gradient: d(something)/d(this), same shape; may be left out if this has one entry, and is then 1.
        Raises GraphError where no gradient can flow, ShapeError if `gradient` does not fit.
        """
        node = self.node
        if not node.requires_grad:
            raise GraphError(
                "backward: expected a Tensor computed from one that requires a gradient, got one with "
                "requires_grad=False. Make the inputs nn.Parameter or Tensor(..., requires_grad=True), and compute "
                "with Tensor operations: reading `.arr` or building a new Tensor from an array cuts the graph."
            )
        if gradient is None:
            if node.arr.size != 1:
                raise ShapeError(
                    f"backward: expected a scalar loss, got shape {self.shape}. Reduce it first (`.sum()`, "
                    "`.mean()`), or give backward(gradient) an array of that shape."
                )
            values = np.ones_like(node.arr)
        else:
            source = gradient.node.arr if isinstance(gradient, Tensor) else array_of(gradient, copy=False)
            if source.shape != self.shape:
                raise ShapeError(
                    f"backward: expected a gradient of shape {self.shape}, that of the Tensor, got {source.shape}."
                )
            values = source.astype(node.arr.dtype)
        propagate(node, values)

    # ---- operators: the arithmetic is in numpytorch.functions ----------------------------------------

    def __add__(self, other: TensorLike) -> Tensor:
        return add(self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return add(other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return sub(self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return sub(other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return mul(self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return mul(other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return div(self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return div(other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return pow(self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return pow(other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return matmul(other, self)

    def __neg__(self) -> Tensor:
        return neg(self)

    def __pos__(self) -> Tensor:
        return self.copy()

    def __abs__(self) -> Tensor:
        return abs(self)

    def __iadd__(self, other: TensorLike) -> Tensor:
        return write.add_(self, other)

    def __isub__(self, other: TensorLike) -> Tensor:
        return write.sub_(self, other)

    def __imul__(self, other: TensorLike) -> Tensor:
        return write.mul_(self, other)

    def __itruediv__(self, other: TensorLike) -> Tensor:
        return write.div_(self, other)

    def __ipow__(self, other: TensorLike) -> Tensor:
        return write.pow_(self, other)

    def __imatmul__(self, other: TensorLike) -> Tensor:
        return write.matmul_(self, other)

    def __getitem__(self, key: Key) -> Tensor:
        return getitem(self, key)

    def __setitem__(self, key: Key, value: TensorLike) -> None:
        write.setitem(self, key, value)

    def __eq__(self, other: object) -> Array:  # type: ignore[override]  # entry by entry, as in NumPy
        return compare(np.equal, self, other)

    def __ne__(self, other: object) -> Array:  # type: ignore[override]  # entry by entry, as in NumPy
        return compare(np.not_equal, self, other)

    def __lt__(self, other: TensorLike) -> Array:
        return compare(np.less, self, other)

    def __le__(self, other: TensorLike) -> Array:
        return compare(np.less_equal, self, other)

    def __gt__(self, other: TensorLike) -> Array:
        return compare(np.greater, self, other)

    def __ge__(self, other: TensorLike) -> Array:
        return compare(np.greater_equal, self, other)

    __hash__ = object.__hash__

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: expected a Tensor with at least one axis, got a scalar.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"bool: expected a Tensor with one entry, got shape {self.shape}. Use `.arr.any()` or `.arr.all()`."
            )
        return bool(self.node.arr)

    def __float__(self) -> float:
        self._refuse_to_lose("float")
        return float(self.item())

    def __int__(self) -> int:
        self._refuse_to_lose("int")
        return int(self.item())

    def _refuse_to_lose(self, kind: str) -> None:
        """Raise if turning this into a number would cut the graph: NumPy does so in `array[i] = tensor`."""
        if self.requires_grad:
            raise GraphError(
                f"{kind}: expected a Tensor that requires no gradient, got one that does, which a number cannot carry. "
                "Assign into a Tensor (out = npt.zeros(...); out[i] = t), or take `.item()` if no gradient is to flow."
            )

    def __repr__(self) -> str:
        name = "Tensor" if isinstance(self, _Slice) else type(self).__name__
        values = np.array2string(self.node.arr, separator=", ", prefix=f"{name}(")
        dtype = "" if self.dtype in (np.float64, np.int64, np.bool_) else f", dtype={self.dtype}"
        tail = ", requires_grad=True" if self.is_leaf and self.requires_grad else ""
        if self.grad_fn is not None:
            tail = f", grad_fn={type(self.grad_fn).__name__}"
        return f"{name}({values}{dtype}{tail})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    # ---- NumPy's functions (see numpytorch.functions.numpy_functions) --------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Tensor | Array:
        return numpy_functions.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, _types: Any, args: Any, kwargs: Any) -> Any:
        return numpy_functions.call_function(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad:
            raise GraphError(
                "np.asarray: expected values without a graph, got a Tensor that requires a gradient, which an "
                "array cannot carry. Compute with Tensor operations (npt.stack joins a list of Tensors), or take "
                "`.arr` if no gradient is to flow."
            )
        return np.array(self.node.arr, dtype=dtype, copy=copy)

    # ---- the functions that read well as methods -----------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """See `numpytorch.functions.sum`."""
        return sum(self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """See `numpytorch.functions.mean`."""
        return mean(self, axis, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """See `numpytorch.functions.max`."""
        return max(self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """See `numpytorch.functions.min`."""
        return min(self, axis, keepdims)

    def var(self, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
        """See `numpytorch.functions.var`."""
        return var(self, axis, keepdims, ddof)

    def std(self, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
        """See `numpytorch.functions.std`."""
        return std(self, axis, keepdims, ddof)

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        """See `numpytorch.functions.reshape`; `x.reshape(2, 3)` and `x.reshape((2, 3))` are the same."""
        return reshape(self, *shape)

    def flatten(self, start_axis: int = 0) -> Tensor:
        """Join all axes from `start_axis` on into one."""
        return reshape(self, *self.shape[:start_axis], -1)

    def transpose(self, *axes: int | tuple[int, ...]) -> Tensor:
        """See `numpytorch.functions.transpose`."""
        return transpose(self, *axes)

    @property
    def T(self) -> Tensor:  # noqa: N802 (NumPy's name)
        """The Tensor with its axes in reverse order."""
        return transpose(self)

    def permute(self, *axes: int | tuple[int, ...]) -> Tensor:
        """See `numpytorch.functions.permute`."""
        return permute(self, *axes)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """See `numpytorch.functions.swapaxes`."""
        return swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """See `numpytorch.functions.squeeze`."""
        return squeeze(self, axis)

    def unsqueeze(self, axis: int) -> Tensor:
        """See `numpytorch.functions.unsqueeze`."""
        return unsqueeze(self, axis)

    def astype(self, dtype: Any) -> Tensor:
        """See `numpytorch.functions.astype`."""
        return astype(self, dtype)

    def copy(self) -> Tensor:
        """Return a Tensor with values of its own, through which gradients go back."""
        return astype(self, self.dtype)


class _Slice(Tensor):
    """What `base[key]` gives for ints and slices: it knows where to write when it is written to.

    seen: what `base` was when this last agreed with it.
    """

    __slots__ = ("base", "key", "seen")

    base: Tensor
    key: Any
    seen: tuple[TensorNode, int]


def array_of(values: Any, copy: bool) -> Array:
    """Make an array of bool, integer or floating-point numbers; Python floats get the default dtype."""
    if isinstance(values, np.ndarray | np.generic):
        arr: Array = np.array(values) if copy else np.asarray(values)
    else:
        arr = np.array(values)
        if arr.dtype == np.float64:
            arr = arr.astype(default_dtype(), copy=False)
    if arr.dtype.kind not in "fiub":
        got = f"{type(values).__name__} of dtype {arr.dtype}"
        raise DtypeError(f"Tensor: expected real numbers (an array, a number or nested lists of them), got {got}.")
    return arr


def check_differentiable(arr: Array) -> None:
    """Raise DtypeError if an array cannot require a gradient."""
    if arr.dtype.kind != "f":
        raise DtypeError(
            f"requires_grad: expected floating-point values, got {arr.dtype}: integers have no gradient. "
            "Write 1.0 for 1, or use `.astype(np.float64)`."
        )


# The functions build on Tensor, so they are imported after it.
from numpytorch.autograd.engine import propagate  # noqa: E402
from numpytorch.autograd.grad_fn import attach  # noqa: E402
from numpytorch.autograd.mode import grad_enabled  # noqa: E402
from numpytorch.functions import numpy_functions, write  # noqa: E402
from numpytorch.functions.convert import compare, default_dtype  # noqa: E402
from numpytorch.functions.elementwise import abs, add, div, mul, neg, pow, sub  # noqa: E402
from numpytorch.functions.index import getitem  # noqa: E402
from numpytorch.functions.linalg import matmul  # noqa: E402
from numpytorch.functions.reduce import max, mean, min, std, sum, var  # noqa: E402
from numpytorch.functions.shape import (  # noqa: E402
    astype,
    permute,
    reshape,
    squeeze,
    swapaxes,
    transpose,
    unsqueeze,
)
