"""What stands between the grader and a hand-in, and what main.py computes with. It holds no answers.

A rule needs a forward, a backward pass needs a graph: these are here, and what is asked of students is not.
The grader runs it beside the hand-in, which is the module `assignment`. On the grader's own side the same
programs run on the library's engine, which tells what is right. Long, for a program stands here for each part
of the handout.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import numpytorch as npt
from numpytorch import Tensor
from numpytorch.autograd import GradFn, OutputNode, TensorNode, attach, no_grad

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Engine: TypeAlias = Callable[[TensorNode, Array], None]
"""A `propagate(loss, gradient)`."""


def hand_in(name: str) -> Any:
    """Return what the hand-in defines under `name`; raise AttributeError if it defines nothing."""
    found = getattr(importlib.import_module("assignment"), name, None)
    if found is None:
        raise AttributeError(f"expected {name} in the hand-in, got nothing. Define it, with that name.")
    return found


# ---- rules -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operation:
    """A forward, and the name of the class that is its rule: forward(*arrays, *options), rule(*tensors, *options)."""

    rule: str
    forward: Callable[..., Array]


OPERATIONS: Mapping[str, Operation] = {
    "add": Operation("Add", lambda a, b: a + b),
    "sub": Operation("Sub", lambda a, b: a - b),
    "mul": Operation("Mul", lambda a, b: a * b),
    "div": Operation("Div", lambda a, b: a / b),
    "pow": Operation("Pow", lambda a, b: a**b),
    "matmul": Operation("Matmul", lambda a, b: a @ b),
    "sum": Operation("Sum", lambda x, axis, keepdims: x.sum(axis=axis, keepdims=keepdims)),
    "max": Operation("Max", lambda x, axis, keepdims: x.max(axis=axis, keepdims=keepdims)),
    "log": Operation("Log", np.log),
    "exp": Operation("Exp", np.exp),
    "sigmoid": Operation("Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    "tanh": Operation("Tanh", np.tanh),
    "relu": Operation("ReLU", lambda x: np.maximum(x, 0)),
    "reshape": Operation("Reshape", lambda x, shape: x.reshape(shape)),
    "transpose": Operation("Transpose", lambda x, axes: x.transpose(axes)),
    "getitem": Operation("Getitem", lambda x, key: x[key]),
}

OPTIONS: Mapping[str, tuple[Any, ...]] = {
    "": (),
    # of sum and max: axis, keepdims
    "axis=None": (None, False),
    "axis=1": (1, False),
    "axis=-1": (-1, False),
    "axis=0, keepdims=True": (0, True),
    "axis=(0, 2)": ((0, 2), False),
    "axis=(0, -1), keepdims=True": ((0, -1), True),
    "axis=(2, 0)": ((2, 0), False),
    "axis=(-2, -1)": ((-2, -1), False),
    "axis=None, keepdims=True": (None, True),
    # of reshape: shape
    "(5, 6)": ((5, 6),),
    "(30,)": ((30,),),
    "(2, 15)": ((2, 15),),
    "()": ((),),
    # of transpose: axes
    "axes (1, 0)": ((1, 0),),
    "axes (1, 2, 0)": ((1, 2, 0),),
    "axes (2, 0, 1)": ((2, 0, 1),),
    "axes (2, 3, 1, 0)": ((2, 3, 1, 0),),
    # of getitem: key
    "x[1]": (1,),
    "x[-1]": (-1,),
    "x[1:, 2]": ((slice(1, None), 2),),
    "x[::2]": (slice(None, None, 2),),
    "x[::-1]": (slice(None, None, -1),),
    "x[4:0:-2, ::-1]": ((slice(4, 0, -2), slice(None, None, -1)),),
    "x[..., None, 1]": ((..., None, 1),),
    "x[[2, 0, 2, 2]]": (np.array([2, 0, 2, 2]),),
    "x[[[0, -1], [4, 0]]]": (np.array([[0, -1], [4, 0]]),),  # of a side of 5, -1 and 4 are the same
    "x[[3, 1, 3], [0, 2, 0]]": (([3, 1, 3], [0, 2, 0]),),
    "x[1:, [2, 0, 2]]": ((slice(1, None), np.array([2, 0, 2])),),
    "x[mask]": (np.array([True, False, True, True, False]),),
    "x[mask of all axes]": (np.arange(15).reshape(5, 3) % 4 == 1,),
    "x[4, 1]": ((4, 1),),
    "x[...]": (...,),
}
"""What an operation is given besides Tensors, under names that can be sent."""


class Rule:
    """An operation on Tensors whose forward is NumPy's and whose derivative is the hand-in's."""

    def __init__(self, name: str, *options: Any) -> None:
        self.operation = OPERATIONS[name]
        self.options = options

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Compute the forward, and join it with the rule."""
        y = self.operation.forward(*[x.arr for x in inputs], *self.options)
        rule = hand_in(self.operation.rule)(*inputs, *self.options)
        if isinstance(rule, GradFn):  # else `attach` says what it is
            rule.__dict__["f_d"] = on_arrays_to_read(rule.f_d)
        return attach(np.asarray(y), rule)


def on_arrays_to_read(f_d: Callable[..., Any]) -> Callable[..., Any]:
    """Run a rule on arrays that it cannot write to, and let nothing that it does with Tensors be recorded."""

    def careful(*nodes: Any) -> Any:
        kept = [node.arr for node in nodes]
        try:
            for node in nodes:
                node.arr = read_only(node.arr)
            nodes[-1].grad = read_only(nodes[-1].grad)
            with no_grad():
                return f_d(*nodes)
        finally:
            for node, arr in zip(nodes, kept, strict=True):
                node.arr = arr

    return careful


def read_only(array: Array) -> Array:
    """Show an array so that it cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


class NamedRule(Rule):
    """The same, with its options by name, and with operand number `constant` as one that requires no gradient."""

    def __init__(self, name: str, option: str = "", constant: int = -1) -> None:
        super().__init__(name, *OPTIONS[option])
        self.constant = constant

    def __call__(self, *inputs: Tensor) -> Tensor:
        return super().__call__(*[x.detach() if i == self.constant else x for i, x in enumerate(inputs)])


class Unbroadcast:
    """`unbroadcast(gradient, shape)` of the hand-in, for one shape."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def __call__(self, gradient: Tensor) -> tuple[Any, Array]:
        """Return what it returns, and what the gradient is afterwards."""
        values = gradient.arr.copy()
        return np.asarray(hand_in("unbroadcast")(values, self.shape)), values


# ---- the backward pass -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Program:
    """Builds a graph, runs an engine on it, and returns gradients (None for none).

    run(engine, *arrays), with an array of each of the shapes.
    """

    run: Callable[..., tuple[Array | None, ...]]
    shapes: tuple[Shape, ...]


def leaf(values: Array) -> Tensor:
    """Make a leaf that requires a gradient."""
    return Tensor(values, requires_grad=True)


def chain(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """One operation after another."""
    x, w = leaf(a), leaf(b)
    propagate(npt.exp(npt.tanh(x * w)).node, dy)
    return x.grad, w.grad


def used_twice(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """A leaf and an inner node, each used twice by one operation."""
    x, w = leaf(a), leaf(b)
    h = x * x
    propagate((h * h * w).node, dy)
    return x.grad, w.grad


def long_way_first(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """A node with a long way and a short way to the loss, the long one first."""
    x, w = leaf(a), leaf(b)
    h = npt.exp(x)
    far = npt.tanh(npt.tanh(h * w) * w)
    propagate((far * h).node, dy)
    return x.grad, w.grad


def short_way_first(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """The same, the short way first."""
    x, w = leaf(a), leaf(b)
    h = npt.exp(x)
    far = npt.tanh(npt.tanh(h * w) * w)
    propagate((h * far).node, dy)
    return x.grad, w.grad


def layer(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """A matrix product, and a loss of one number."""
    x, w = leaf(a), leaf(b)
    propagate(npt.relu(x @ w).sum().node, dy)
    return x.grad, w.grad


def lone_leaf(propagate: Engine, a: Array, dy: Array) -> tuple[Array | None, ...]:
    """The loss is a leaf itself."""
    x = leaf(a)
    propagate(x.node, dy)
    return (x.grad,)


class LoggedGradFn(GradFn):
    """y = a * b; writes down each time that it runs."""

    def __init__(self, a: Tensor, b: Tensor, log: list[int], number: int) -> None:
        super().__init__(a, b)
        self.log = log
        self.number = number

    def f_d(self, a: TensorNode, b: TensorNode, y: OutputNode) -> tuple[Array, Array]:
        self.log.append(self.number)
        return y.grad * b.arr, y.grad * a.arr


def ladder(propagate: Engine, a: Array, dy: Array) -> tuple[Array | None, ...]:
    """Six nodes, each computed from the last two: 13 ways lead through them. Also returns how often each rule ran."""
    log: list[int] = []
    x = leaf(a)
    before, last = x, npt.tanh(x)
    for number in range(6):
        before, last = last, attach(last.arr * before.arr, LoggedGradFn(last, before, log, number))
    propagate(last.node, dy)
    return x.grad, np.bincount(log, minlength=6).astype(np.float64)


def broadcast_bias(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """Operands of different shapes: the rules return gradients of the shape that these were broadcast to."""
    x, w = leaf(a), leaf(b)
    propagate((npt.tanh(x) * npt.exp(w)).node, dy)
    return x.grad, w.grad


def unused_branch(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """A leaf and an inner node are also used by operations that the loss does not depend on."""
    x, w = leaf(a), leaf(b)
    h = npt.tanh(x * w)
    unused = npt.exp(h * h) * x
    loss = h * w
    propagate(loss.node, dy)
    del unused  # it was there all the time
    return x.grad, w.grad


def two_losses(propagate: Engine, a: Array, b: Array, dy: Array, dz: Array) -> tuple[Array | None, ...]:
    """Two losses with a trunk in common, one after the other."""
    x, w = leaf(a), leaf(b)
    h = npt.tanh(x * w)
    first, second = npt.exp(h), h * w
    propagate(first.node, dy)
    propagate(second.node, dz)
    return x.grad, w.grad


def one_time_step(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """A recurrent network of five steps, with the loss on the third."""
    x, w = leaf(a), leaf(b)
    states = [npt.tanh(x)]
    for _ in range(4):
        states.append(npt.tanh(states[-1] * w + x))
    propagate(states[2].node, dy)
    return x.grad, w.grad


def twice(propagate: Engine, a: Array, b: Array, dy: Array, dz: Array) -> tuple[Array | None, ...]:
    """The same graph twice. Also returns what is left at inner nodes, and all counts."""
    x, w = leaf(a), leaf(b)
    h = npt.exp(x)
    y = npt.tanh(h * w)
    propagate(y.node, dy)
    propagate(y.node, dz)
    counts = np.array([t.node.grad_cnt for t in (x, w, h, y)], dtype=np.float64)
    return x.grad, w.grad, h.grad, y.grad, counts


def had_one(propagate: Engine, a: Array, b: Array, dy: Array, before: Array) -> tuple[Array | None, ...]:
    """A leaf has a gradient already."""
    x, w = leaf(a), leaf(b)
    w.grad = before
    propagate(npt.tanh(x * w).node, dy)
    return x.grad, w.grad


def constants(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """Some operands require no gradient."""
    x, w, shift = Tensor(a), leaf(b), Tensor(a)
    scaled = x * 2.0
    propagate((npt.tanh(w * scaled) + shift).node, dy)
    return w.grad, x.grad, scaled.grad, shift.grad


class NothingGradFn(GradFn):
    """y = sign(x): flat wherever it has a derivative, and its rule says so with None."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[None]:
        return (None,)


def nothing(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """One of a node's two consumers hands on nothing; nor does what leads to the leaf z."""
    x, w, z = leaf(a), leaf(b), leaf(b)
    h = npt.tanh(x * w)
    sign = attach(np.sign(h.arr), NothingGradFn(h))
    flat = attach(np.sign(z.arr), NothingGradFn(z * z))  # whose node has two parents, and nothing for either
    propagate((h * w * sign * flat).node, dy)
    return x.grad, w.grad, z.grad


def siblings(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """Two operands of one sum; then one gradient is changed by its owner."""
    x, w = leaf(a), leaf(b)
    propagate((x + w).node, dy)
    if x.grad is not None:
        x.grad *= 7
    return x.grad, w.grad


def upstream(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """The caller uses the array that it gave as gradient for something else."""
    x, w = leaf(a), leaf(b)
    propagate((x + w + x).node, dy)
    left = dy.copy()
    dy *= 7
    return x.grad, w.grad, left


def views(propagate: Engine, a: Array, dy: Array) -> tuple[Array | None, ...]:
    """Rules that return what they are given in another shape; then the caller uses its array for something else."""
    x = leaf(a)
    propagate(x.reshape(3, 2).reshape(6).node, dy)
    dy *= 7
    return (x.grad,)


def shared_sum(propagate: Engine, a: Array, b: Array, dy: Array) -> tuple[Array | None, ...]:
    """A rule hands one array to two parents, and another adds to one of them."""
    x, w = leaf(a), leaf(b)
    propagate(((x + w) + x).node, dy)
    return x.grad, w.grad


def held(propagate: Engine, a: Array, b: Array, dy: Array, dz: Array) -> tuple[Array | None, ...]:
    """Somebody keeps a gradient while a second pass adds to it."""
    x, w = leaf(a), leaf(b)
    propagate((x * w).node, dy)
    kept = x.grad
    propagate((x * w).node, dz)
    return (kept,)


class SameGradFn(GradFn):
    """y = x."""

    def f_d(self, x: TensorNode, y: OutputNode) -> tuple[Array]:
        return (y.grad,)


def long_chain(propagate: Engine, a: Array, dy: Array) -> tuple[Array | None, ...]:
    """100,000 operations, one after the other."""
    x = leaf(a)
    y = x
    for _ in range(100_000):
        y = attach(y.arr, SameGradFn(y))
    propagate(y.node, dy)
    return (x.grad,)


_PAIR: tuple[Shape, ...] = ((2, 3), (2, 3), (2, 3))

PROGRAMS: Mapping[str, Program] = {
    "chain": Program(chain, _PAIR),
    "used_twice": Program(used_twice, _PAIR),
    "long_way_first": Program(long_way_first, _PAIR),
    "short_way_first": Program(short_way_first, _PAIR),
    "layer": Program(layer, ((5, 3), (3, 2), ())),
    "lone_leaf": Program(lone_leaf, ((2, 3), (2, 3))),
    "ladder": Program(ladder, ((2, 3), (2, 3))),
    "broadcast_row": Program(broadcast_bias, ((5, 3), (3,), (5, 3))),
    "broadcast_both": Program(broadcast_bias, ((5, 1, 2), (3, 1), (5, 3, 2))),
    "broadcast_number": Program(broadcast_bias, ((), (2, 3), (2, 3))),
    "unused_branch": Program(unused_branch, _PAIR),
    "two_losses": Program(two_losses, (*_PAIR, (2, 3))),
    "one_time_step": Program(one_time_step, _PAIR),
    "twice": Program(twice, (*_PAIR, (2, 3))),
    "had_one": Program(had_one, (*_PAIR, (2, 3))),
    "constants": Program(constants, _PAIR),
    "nothing": Program(nothing, _PAIR),
    "siblings": Program(siblings, _PAIR),
    "upstream": Program(upstream, _PAIR),
    "views": Program(views, ((2, 3), (6,))),
    "shared_sum": Program(shared_sum, _PAIR),
    "held": Program(held, (*_PAIR, (2, 3))),
    "long_chain": Program(long_chain, ((2,), (2,))),
}


class Propagate:
    """A program, run with the hand-in's `propagate`."""

    def __init__(self, program: str) -> None:
        self.program = PROGRAMS[program]

    def __call__(self, *inputs: Tensor) -> tuple[Array | None, ...]:
        """Return the gradients that the program returns."""
        return self.program.run(hand_in("propagate"), *[x.arr for x in inputs])


# ---- initialisation and descent --------------------------------------------------------------------------


class He:
    """`he_uniform(*shape)` of the hand-in, for one shape."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def __call__(self, draws: Tensor) -> Array:
        """Draw as many weights as `draws` says, and stack them."""
        return np.stack([np.asarray(hand_in("he_uniform")(*self.shape)) for _ in range(int(draws.arr))])


class Step:
    """`SGD` of the hand-in, on three parameters of which the last has no gradient."""

    def __init__(self, lr: float, later: float) -> None:
        self.lr = lr
        self.later = later

    def __call__(self, p: Tensor, q: Tensor, r: Tensor, dp: Tensor, dq: Tensor) -> tuple[Array | None, ...]:
        """Take a step, and another with another learning rate; return all values after each, then the gradients."""
        parameters = [leaf(t.arr) for t in (p, q, r)]
        first, second, _ = parameters
        optimizer = hand_in("SGD")(iter(parameters), self.lr)
        first.grad, second.grad = dp.arr, dq.arr
        optimizer.step()
        after = [t.arr.copy() for t in parameters]
        first.arr = first.arr.copy()  # as when weights are loaded
        optimizer.lr = self.later
        optimizer.step()
        return (*after, *[t.arr.copy() for t in parameters], *[t.grad for t in parameters])
