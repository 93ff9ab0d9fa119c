"""The requests that concern objects: build, look at, run, differentiate, train. One function each.

Each returns an answer and the arrays that go with it. Whatever it raises is told as the hand-in's failure.
"""

from __future__ import annotations

import random
import sys
import weakref
from contextlib import nullcontext
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

import numpytorch as npt
from autograder.sandbox.messages import (
    Array,
    Backward,
    Build,
    Call,
    Called,
    Done,
    Found,
    Item,
    Optimizer,
    Predict,
    Pulled,
    Read,
    TrainStep,
    Values,
    Write,
)
from autograder.sandbox.protocol import can_cross
from autograder.sandbox.worker.find import describe, find_tensors
from autograder.sandbox.worker.handin import plain
from autograder.sandbox.worker.state import Object, Output, State
from numpytorch import Tensor, nn, optim
from numpytorch.autograd.engine import propagate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograder.sandbox.messages import Answer

_MAX_ITEMS = 64

# Held here, so that a hand-in that replaces the library's names does not replace these.
_set_default_dtype = npt.set_default_dtype
_no_grad = npt.no_grad
_propagate = propagate
_set_mode = nn.Module.train
_loss_of = nn.CrossEntropyLoss()


def build(state: State, ask: Build) -> tuple[Answer, list[Array]]:
    """Make an instance, with the random generators at `seed`, and look at it."""
    _set_default_dtype(ask.dtype)
    random.seed(ask.seed)
    np.random.seed(ask.seed)  # noqa: NPY002 (the generator that the library and hand-ins draw from)
    make = getattr(state.harness.module, ask.cls, None) or getattr(state.hand_in.module, ask.cls, None)
    if make is None:
        raise AttributeError(f"expected a class {ask.cls} in the hand-in, got none. Define it, with that name.")
    state.objects[ask.obj] = Object(make(*ask.args, **ask.kwargs), ask.dtype)
    return look(state, ask.obj)


def look(state: State, obj: int) -> tuple[Answer, list[Array]]:
    """Describe the Tensors of an object as it is now."""
    root = state.objects[obj].root
    return Found(describe(root, find_tensors(root))), []


def write(state: State, ask: Write, arrays: list[Array]) -> tuple[Answer, list[Array]]:
    """Set values."""
    for tensor, array in zip(_at(state, ask.obj, ask.paths), arrays, strict=True):
        tensor.arr = array
    return Done(), []


def read(state: State, ask: Read) -> tuple[Answer, list[Array]]:
    """Give values."""
    return Values(), [tensor.arr for tensor in _at(state, ask.obj, ask.paths)]


def call(state: State, ask: Call, arrays: list[Array]) -> tuple[Answer, list[Array]]:
    """Run an object; keep what it returns, for `backward`."""
    again = None if ask.again is None else state.outputs[ask.again]
    places = iter(_freed(state, ask.forget) if ask.replacing and ask.forget is not None else ())
    inputs = (
        [
            _input(array, ask, wanted, next(places, None))
            for array, wanted in zip(arrays, ask.requires_grad, strict=True)
        ]
        if again is None
        else again.inputs
    )
    if ask.forget is not None:
        state.outputs.pop(ask.forget, None)
    made = awake(state, ask.obj, training=ask.grad)
    with nullcontext() if ask.grad else _no_grad():
        given = [tensor * 1 for tensor in inputs] if ask.layout == "computed" else inputs
        result = made.root(*given)  # type: ignore[operator] # if it cannot be called, that is the hand-in's failure
    items = list(result[:_MAX_ITEMS]) if isinstance(result, tuple | list) else [result]
    state.outputs[ask.output] = Output(ask.obj, inputs, items)
    told, values = [], []
    for item in items:
        array = _values_of(item)
        if array is not None and can_cross(array):
            values.append(array)
        told.append(
            Item(
                plain(type(item).__name__),
                isinstance(item, Tensor),
                None if array is None else plain(str(array.dtype)),
                isinstance(item, Tensor) and bool(item.requires_grad),
                array is not None and can_cross(array),
            )
        )
    return Called(plain(type(result).__name__), tuple(told)), values


def _freed(state: State, output: int) -> list[Tensor | None]:
    """Let go of an output; return each of its inputs that nobody else holds, so that its place in memory is free."""
    inputs = state.outputs.pop(output).inputs
    alone = 3  # references: that list, the loop's variable, the argument of getrefcount
    return [t if sys.getrefcount(t) <= alone and not weakref.getweakrefcount(t) else None for t in inputs]


def _input(array: Array, ask: Call, requires_grad: bool, place: Tensor | None) -> Tensor:
    """Make a Tensor of an array that came, lying in memory as it was asked for; at `place`, if that is free."""
    tensor = Tensor.__new__(Tensor) if place is None else place
    Tensor.__init__(tensor, array, requires_grad=requires_grad and array.dtype.kind == "f")
    if ask.layout == "strided":
        tensor.node.arr = _with_gaps(array)
    elif ask.layout == "read_only":
        tensor.node.arr.flags.writeable = False
    return tensor


def outputs(state: State, output: int) -> tuple[Answer, list[Array]]:
    """Give the Tensors that a call returned."""
    return Values(), [np.asarray(item.arr) for item in state.outputs[output].items if isinstance(item, Tensor)]


def _with_gaps(array: Array) -> Array:
    """Copy an array to memory where its entries lie in the reverse order of axes, with gaps between them."""
    wide = np.zeros((*array.shape[::-1], 2), array.dtype)
    copy: Array = wide[..., 0].T
    copy[...] = array
    return copy


def backward(state: State, ask: Backward, arrays: list[Array]) -> tuple[Answer, list[Array]]:
    """Pull gradients back; give those that have arrived by now, at inputs and at the object's Tensors.

    The gradients cannot be written to: a rule that changes the one it was handed is told so by NumPy.
    """
    output = state.outputs[ask.pulls[0][0]]
    made = awake(state, output.obj, training=True)
    items = []
    for number, place in ask.pulls:
        item = state.outputs[number].items[place]
        if not isinstance(item, Tensor):
            raise TypeError(f"expected a Tensor to differentiate, got {type(item).__name__}. Return the Tensor itself.")
        items.append(item)
    if len(items) == 1:
        _pull(items[0], _with_gaps(arrays[0]) if ask.strided else arrays[0])
    else:
        loss = Tensor(0.0)
        for item, array in zip(items, arrays, strict=True):
            loss = loss + (item * Tensor(array)).sum()
        loss.backward()
    tensors = find_tensors(made.root)
    pulled = [tensor.grad for tensor in (*output.inputs, *tensors.values())]
    here = [gradient is not None for gradient in pulled]
    inputs = len(output.inputs)
    answer = Pulled(tuple(here[:inputs]), tuple(zip(tensors, here[inputs:], strict=True)))
    if ask.clear:
        _clear(state, output.obj, tensors.values())
    return answer, [np.asarray(gradient) for gradient in pulled if gradient is not None]


def _pull(item: Tensor, gradient: Array) -> None:
    """Do what `item.backward(gradient)` does, on an array that no rule can write to."""
    if not item.requires_grad or item.shape != gradient.shape:
        item.backward(gradient)  # which says what is wrong
        return
    gradient = gradient.astype(item.dtype)
    gradient.flags.writeable = False
    _propagate(item.node, gradient)


def zero_grad(state: State, obj: int) -> tuple[Answer, list[Array]]:
    """Forget gradients, also those at Tensors that no `parameters()` gives and at inputs."""
    _clear(state, obj, find_tensors(state.objects[obj].root).values())
    return Done(), []


def _clear(state: State, obj: int, tensors: Iterable[Tensor]) -> None:
    """Forget the gradients at an object's Tensors and at all inputs of its calls."""
    inputs = (tensor for output in state.outputs.values() if output.obj == obj for tensor in output.inputs)
    for tensor in chain(tensors, inputs):
        tensor.grad = None


def optimizer(state: State, ask: Optimizer) -> tuple[Answer, list[Array]]:
    """Make an optimizer for what the object registers, but for what is to stay as it is."""
    made = awake(state, ask.obj, training=True)
    frozen = {id(tensor) for tensor in _at(state, ask.obj, ask.frozen)}
    moving = [p for p in made.root.parameters() if id(p) not in frozen]  # type: ignore[attr-defined] # as in `call`
    made.optimizer = optim.SGD(moving, lr=ask.lr, momentum=ask.momentum)
    return Done(), []


def train_step(state: State, ask: TrainStep, arrays: list[Array]) -> tuple[Answer, list[Array]]:
    """Take a step; give the loss before it."""
    made = awake(state, ask.obj, training=True)
    if made.optimizer is None:
        raise RuntimeError("train_step: expected an optimizer, got none.")
    x, labels = arrays
    loss = _loss_of(made.root(Tensor(x)), labels)  # type: ignore[operator] # as in `call`
    made.optimizer.zero_grad()
    loss.backward()
    made.optimizer.step()
    return Values(), [loss.arr]


def predict(state: State, ask: Predict, arrays: list[Array]) -> tuple[Answer, list[Array]]:
    """Run an object for its values only, in evaluation mode."""
    made = awake(state, ask.obj, training=False)
    with _no_grad():
        result = made.root(Tensor(arrays[0]))  # type: ignore[operator] # as in `call`
    values = _values_of(result)
    if values is None:
        raise TypeError(f"expected the model to return a Tensor, got {type(result).__name__}. Return the logits.")
    return Values(), [values]


def awake(state: State, obj: int, *, training: bool) -> Object:
    """Return an object, with the default dtype it was built under and in the mode that is wanted."""
    made = state.objects[obj]
    _set_default_dtype(made.dtype)
    if made.training != training:
        made.training = training
        if isinstance(made.root, nn.Module):
            _set_mode(made.root, training)
    return made


def _at(state: State, obj: int, paths: tuple[str, ...]) -> list[Tensor]:
    """Return the Tensors that are at `paths` now."""
    tensors = find_tensors(state.objects[obj].root)
    for path in paths:
        if path not in tensors:
            raise AttributeError(
                f"expected a Tensor at {path}, where there was one before, got none. "
                "Create weights in __init__ and leave them on their attributes."
            )
    return [tensors[path] for path in paths]


def _values_of(item: object) -> Array | None:
    """Return the array of a Tensor, or an array as it is; None for anything else."""
    if isinstance(item, Tensor):
        return np.asarray(item.arr)
    return np.asarray(item) if isinstance(item, np.ndarray | np.generic) else None
