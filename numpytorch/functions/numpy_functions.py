"""NumPy's own functions on Tensors: each becomes the operation with a gradient, or raises and names one."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from numpytorch._errors import DtypeError
from numpytorch._tensor import Tensor
from numpytorch.functions import create, elementwise, linalg, reduce, shape
from numpytorch.functions.convert import compare
from numpytorch.functions.shape import reshape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpytorch._types import Array, Axis, TensorLike

UFUNCS: dict[np.ufunc, Callable[..., Tensor]] = {
    np.add: elementwise.add,
    np.subtract: elementwise.sub,
    np.multiply: elementwise.mul,
    np.divide: elementwise.div,
    np.power: elementwise.pow,
    np.matmul: linalg.matmul,
    np.negative: elementwise.neg,
    np.positive: lambda x: x.copy(),
    np.absolute: elementwise.abs,
    np.exp: elementwise.exp,
    np.log: elementwise.log,
    np.sqrt: elementwise.sqrt,
    np.square: lambda x: elementwise.mul(x, x),
    np.reciprocal: lambda x: elementwise.div(1, x),
    np.sin: elementwise.sin,
    np.cos: elementwise.cos,
    np.tanh: elementwise.tanh,
    np.maximum: elementwise.maximum,
    np.minimum: elementwise.minimum,
}

COMPARISONS = {np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal}

# Constant between jumps: their gradient is 0 wherever it exists, so they give plain arrays.
FLAT_UFUNCS = {
    np.sign, np.floor, np.ceil, np.trunc, np.rint, np.isnan, np.isinf, np.isfinite, np.signbit, np.logical_not,
    np.logical_and, np.logical_or, np.logical_xor,
}  # fmt: skip

REDUCTIONS: dict[np.ufunc, Callable[..., Tensor]] = {
    np.add: reduce.sum,
    np.maximum: reduce.max,
    np.minimum: reduce.min,
}


def _dot(a: TensorLike, b: TensorLike) -> Tensor:
    if not np.ndim(a) or not np.ndim(b):
        return elementwise.mul(a, b)
    return linalg.matmul(a, b) if np.ndim(b) <= 2 else linalg.tensordot(a, b, (-1, -2))


def _pad(x: TensorLike, pad_width: Any, mode: str = "constant", constant_values: float = 0) -> Tensor:
    if mode != "constant":
        raise DtypeError(f"np.pad on a Tensor: expected mode='constant', got {mode!r}.")
    return shape.pad(x, pad_width, constant_values)


def _clip(a: TensorLike, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Tensor:
    return elementwise.clip(a, a_min if min is None else min, a_max if max is None else max)


def _einsum(subscripts: str, *operands: TensorLike, optimize: Any = True) -> Tensor:  # noqa: ARG001
    return linalg.einsum(subscripts, *operands)


def _transpose(a: TensorLike, axes: tuple[int, ...] | None = None) -> Tensor:
    return shape.transpose(a) if axes is None else shape.permute(a, tuple(axes))


def _reshape(a: TensorLike, shape: int | tuple[int, ...]) -> Tensor:
    return reshape(a, shape)


def _reduction(ours: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @wraps(ours)
    def reduction(a: TensorLike, axis: Axis = None, **options: Any) -> Tensor:  # NumPy's third argument is not ours
        return ours(a, axis, **options)

    return reduction


FUNCTIONS: dict[Callable[..., Any], Callable[..., Tensor]] = {
    np.sum: _reduction(reduce.sum),
    np.mean: _reduction(reduce.mean),
    np.max: _reduction(reduce.max),
    np.amax: _reduction(reduce.max),
    np.min: _reduction(reduce.min),
    np.amin: _reduction(reduce.min),
    np.var: _reduction(reduce.var),
    np.std: _reduction(reduce.std),
    np.reshape: _reshape,
    np.ravel: shape.flatten,
    np.transpose: _transpose,
    np.swapaxes: shape.swapaxes,
    np.moveaxis: shape.moveaxis,
    np.broadcast_to: shape.broadcast_to,
    np.squeeze: shape.squeeze,
    np.expand_dims: shape.unsqueeze,
    np.repeat: shape.repeat,
    np.concatenate: shape.concatenate,
    np.stack: shape.stack,
    np.pad: _pad,
    np.flip: shape.flip,
    np.copy: lambda x: x.copy(),
    np.lib.stride_tricks.sliding_window_view: shape.sliding_window_view,
    np.where: elementwise.where,
    np.clip: _clip,
    np.dot: _dot,
    np.einsum: _einsum,
    np.tensordot: linalg.tensordot,
    np.zeros_like: create.zeros_like,
    np.ones_like: create.ones_like,
}

# What these tell has no gradient: they give plain values.
FLAT_FUNCTIONS = {
    np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.any, np.all, np.allclose, np.isclose,
    np.array_equal, np.count_nonzero, np.nonzero, np.unique, np.array_repr, np.array_str, np.array2string,
    np.may_share_memory, np.shares_memory, np.result_type, np.can_cast,
}  # fmt: skip

INSTEAD = {
    "cumsum": "x @ npt.tensor(np.triu(np.ones((n, n)))), n the length of the last axis",
    "nanmean": "npt.where(known, x, 0).sum() / known.sum()",
    "take": "x[indices]",
    "fmax": "np.maximum",
    "fmin": "np.minimum",
    "roll": "np.concatenate of two slices",
    "atleast_2d": "np.reshape",
    "vstack": "np.concatenate(..., axis=0)",
    "hstack": "np.concatenate(..., axis=1)",
    "split": "slices, x[:, a:b]",
    "array_split": "slices, x[:, a:b]",
    "tile": "np.broadcast_to and np.reshape",
    "norm": "npt.sqrt((x * x).sum())",
    "log2": "npt.log(x) / math.log(2)",
    "log10": "npt.log(x) / math.log(10)",
    "log1p": "npt.log(1 + x)",
    "expm1": "npt.exp(x) - 1",
    "outer": "npt.einsum('i,j->ij', a, b)",
    "inner": "npt.tensordot(a, b, (-1, -1))",
    "rot90": "np.flip and np.swapaxes",
    "average": "(w * x).sum() / w.sum()",
    "copyto": "x[...] = value",
    "put": "x[key] = value",
    "multiply.at": "x[key] = value",
    "add.at": "item assignment, x[key] = x[key] + value",
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor | Array:
    """Do what `Tensor.__array_ufunc__` is asked to."""
    if kwargs.get("out") is not None:
        raise DtypeError(
            f"np.{ufunc.__name__}(..., out=...), or an in-place operator of an array: expected no Tensor, got one, and "
            "an array cannot carry its gradient. Write y = x + t for x += t, or make x a Tensor with npt.tensor(x)."
        )
    if method == "reduce" and ufunc in REDUCTIONS:
        return _call(f"np.{ufunc.__name__}.reduce", REDUCTIONS[ufunc], inputs, {"axis": 0, **kwargs})
    if method == "__call__":
        if ufunc in UFUNCS:
            if kwargs:
                raise DtypeError(
                    f"np.{ufunc.__name__} on a Tensor: expected no keyword arguments, which have no gradient, "
                    f"got {', '.join(kwargs)}."
                )
            return UFUNCS[ufunc](*inputs)
        if ufunc in COMPARISONS:
            return compare(ufunc, *inputs)
        if ufunc in FLAT_UFUNCS:
            return np.asarray(ufunc(*_values(inputs), **kwargs))
    raise _no_gradient(ufunc.__name__ + ("" if method == "__call__" else f".{method}"))


def call_function(func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Do what `Tensor.__array_function__` is asked to."""
    if func in FLAT_FUNCTIONS:
        return func(*_values(args), **dict(zip(kwargs, _values(kwargs.values()), strict=True)))
    if func not in FUNCTIONS:
        raise _no_gradient(func.__name__)
    return _call(f"np.{func.__name__}", FUNCTIONS[func], args, kwargs)


def _call(name: str, ours: Callable[..., Tensor], args: Sequence[Any], kwargs: dict[str, Any]) -> Tensor:
    try:
        return ours(*args, **kwargs)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise DtypeError(
            f"{name} on a Tensor: expected the arguments that npt.{ours.__name__.lstrip('_')} takes, "
            f"got others: {error}. Call the npt function, whose docstring lists them."
        ) from None


def _values(items: Any) -> list[Any]:
    """Replace Tensors by their values, within lists and tuples too."""
    return [
        i.node.arr if isinstance(i, Tensor) else type(i)(_values(i)) if isinstance(i, list | tuple) else i
        for i in items
    ]


def _no_gradient(name: str) -> DtypeError:
    known = sorted({f.__name__ for f in UFUNCS} | {f.__name__ for f in FUNCTIONS})
    hint = INSTEAD.get(name.removesuffix(".reduce"), f"one of these: {', '.join(known)}")
    return DtypeError(
        f"np.{name}: expected a NumPy function with a gradient, got one that would drop the graph of a Tensor. "
        f"Use {hint}. (For values alone, pass `x.arr`; for an operation of your own, subclass GradFn.)"
    )
