"""What the two sides say to each other. Both import this file, and nothing else of the project but `protocol`.

A message is one JSON object with a number, a body and the dtype and shape of each array that follows it.
Each kind of body is a type; what does not fit its type exactly is refused. The parent chooses the numbers
of objects and outputs, so there is none to be believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, get_args

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Scalar: TypeAlias = bool | int | float | str
Dtype: TypeAlias = Literal[
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"
]
"""The types of entries that cross."""

Layout: TypeAlias = Literal["contiguous", "strided", "read_only", "computed"]
"""How an input lies in memory: in C order; with gaps between its entries; in C order, and not to be written to."""

Natural = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Name = Annotated[str, Meta(max_length=256)]
Path = Annotated[str, Meta(min_length=1, max_length=256)]
Shape: TypeAlias = Annotated[tuple[Natural, ...], Meta(max_length=32)]

CutKind: TypeAlias = Literal["made", "set", "written", "read", "refused", "unused", "whole"]

MAX_NAMES = 4096
Names: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=MAX_NAMES)]

KINDS = frozenset(np.dtype(name) for name in get_args(Dtype))


class ArrayHeader(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The dtype and shape of one array whose bytes follow, in C order and the machine's byte order."""

    dtype: Dtype
    shape: Shape


class TensorInfo(Struct, frozen=True, forbid_unknown_fields=True):
    """One Tensor held by an object of the hand-in.

    path: how to reach it from the object: `conv1.w`, `params['weight']`, `layers[0].weight`.
    kind: whether it is an `nn.Parameter`. registered: whether `parameters()` gives it.
    """

    path: Path
    shape: Shape
    dtype: Name
    requires_grad: bool
    kind: Literal["Parameter", "Tensor"]
    registered: bool


# ---- what the parent asks ------------------------------------------------------------------------------


class _Ask(Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag=str.lower):
    """A request. `obj` and `output` are numbers that the parent chose in `Build` and `Call`."""


class Load(_Ask, frozen=True):
    """Import the hand-in and the course's harness, whose sources are the arrays, as UTF-8. Answer: Loaded."""


class Constants(_Ask, frozen=True):
    """Give the values of module-level names. Answer: Scalars, in that order."""

    names: Names


class Build(_Ask, frozen=True):
    """Make an instance of a class of the hand-in. Answer: Found."""

    obj: Natural
    cls: Name
    args: tuple[Scalar, ...]
    kwargs: Mapping[str, Scalar]
    seed: Natural
    dtype: Literal["float32", "float64"]


class Look(_Ask, frozen=True):
    """Find the Tensors of an object again. Answer: Found."""

    obj: Natural


class Write(_Ask, frozen=True):
    """Set the values of the Tensors at `paths` to the arrays. Answer: Done."""

    obj: Natural
    paths: tuple[Path, ...]


class Read(_Ask, frozen=True):
    """Give the values of the Tensors at `paths`. Answer: Values."""

    obj: Natural
    paths: tuple[Path, ...]


class Call(_Ask, frozen=True):
    """Forget the output `forget`; run the object on the arrays, and keep the result as `output`. Answer: Called.

    requires_grad: of each array. again: instead of the arrays, take the Tensors that this output was computed from.
    replacing: forget first, and make the inputs where those of that output lay.
    """

    obj: Natural
    output: Natural
    forget: Natural | None
    requires_grad: tuple[bool, ...]
    grad: bool
    layout: Layout
    again: Natural | None
    replacing: bool = False


class Backward(_Ask, frozen=True):
    """Pull the arrays back, each from a Tensor: (output, number of its item), all in one pass. Answer: Pulled.

    strided: one that is pulled back alone has gaps between its entries. clear: then do what ZeroGrad does.
    """

    pulls: Annotated[tuple[tuple[Natural, Natural], ...], Meta(min_length=1, max_length=64)]
    strided: bool = False
    clear: bool = False


class Inputs(_Ask, frozen=True):
    """Give the inputs of an output as they are now. Answer: Values."""

    output: Natural


class Outputs(_Ask, frozen=True):
    """Give the Tensors of an output as they are now. Answer: Values."""

    output: Natural


class ZeroGrad(_Ask, frozen=True):
    """Forget the gradients of an object's Tensors and of the inputs it was called on. Answer: Done."""

    obj: Natural


class Release(_Ask, frozen=True):
    """Forget an output and its graph. Answer: Done."""

    output: Natural


class Optimizer(_Ask, frozen=True):
    """Make an `optim.SGD` for the object's `parameters()` but those at `frozen`. Answer: Done."""

    obj: Natural
    lr: float
    momentum: float
    frozen: tuple[Path, ...]


class TrainStep(_Ask, frozen=True):
    """Take one step on the two arrays, images and labels. Answer: Values, with the loss."""

    obj: Natural


class Predict(_Ask, frozen=True):
    """Run the object on the only array, without a graph. Answer: Values."""

    obj: Natural


class Locate(_Ask, frozen=True):
    """Run the object on the arrays, and find where the paths from the targets leave the graph. Answer: Located.

    paths, inputs: the targets: Tensors of the object, then the numbers of arrays. item: which Tensor of the result
        they should lead to. requires_grad: of the arrays. seconds: how long to look.
    """

    obj: Natural
    paths: Annotated[tuple[Path, ...], Meta(max_length=64)]
    inputs: Annotated[tuple[Natural, ...], Meta(max_length=64)]
    item: Natural
    requires_grad: bool
    seconds: float


class Profile(_Ask, frozen=True):
    """Run the object on the arrays, and back, for so many seconds; say which lines run. Answer: Profiled."""

    obj: Natural
    seconds: float


Ask: TypeAlias = (
    Load
    | Constants
    | Build
    | Look
    | Write
    | Read
    | Call
    | Backward
    | Inputs
    | Outputs
    | ZeroGrad
    | Release
    | Optimizer
    | TrainStep
    | Predict
    | Locate
    | Profile
)


# ---- what the worker answers ---------------------------------------------------------------------------


class _Answer(Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag=str.lower):
    """An answer."""


class Ready(_Answer, frozen=True):
    """Sent once, unasked, with number 0: the worker is up. rlimits: the resource limits that are in force."""

    rlimits: Names


class Done(_Answer, frozen=True):
    """It is done."""


class Loaded(_Answer, frozen=True):
    """names: the public names of the hand-in."""

    names: Names


class Scalars(_Answer, frozen=True):
    """values: one for each name, None for what is absent or is no JSON scalar."""

    values: Annotated[tuple[Scalar | None, ...], Meta(max_length=MAX_NAMES)]


class Found(_Answer, frozen=True):
    """tensors: each Tensor that an object holds, once."""

    tensors: Annotated[tuple[TensorInfo, ...], Meta(max_length=MAX_NAMES)]


class Values(_Answer, frozen=True):
    """The arrays that were asked for, in that order."""


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a call returned. present: whether its array follows."""

    type: Name
    is_tensor: bool
    dtype: Name | None
    requires_grad: bool
    present: bool


class Called(_Answer, frozen=True):
    """returned: the type of what the call returned. items: that, or what it holds if it is a tuple or list."""

    returned: Name
    items: Annotated[tuple[Item, ...], Meta(max_length=64)]


class Pulled(_Answer, frozen=True):
    """Which of the inputs, and which of the object's Tensors, have a gradient: those arrays follow."""

    inputs: Annotated[tuple[bool, ...], Meta(max_length=64)]
    tensors: Annotated[tuple[tuple[Path, bool], ...], Meta(max_length=MAX_NAMES)]


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A stretch of the hand-in's source: lines from 1, columns in bytes of UTF-8, and the function it stands in."""

    line: Natural
    end_line: Natural
    column: Natural
    end_column: Natural
    function: Name


class Cut(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the path from a target leaves the graph, as far as was found.

    target: its number. kind, made, read, via, rule, recording: see `values.Cut`.
    plain: whether the target is a Tensor that requires no gradient.
    """

    target: Natural
    kind: CutKind
    made: Place | None
    read: Place | None
    via: Name
    rule: Name
    recording: bool
    plain: bool


class Located(_Answer, frozen=True):
    """cuts: one for each target that something was found of."""

    cuts: Annotated[tuple[Cut, ...], Meta(max_length=128)]


class Profiled(_Answer, frozen=True):
    """calls: how often the object ran to its end, and back. lines: the share of the time in each, with its function."""

    calls: Natural
    lines: Annotated[tuple[tuple[Natural, Name, float], ...], Meta(max_length=64)]


class Failed(_Answer, frozen=True):
    """An exception, its class and its text. lines: where in the hand-in, outermost first.

    memory: whether it was a MemoryError.
    """

    kind: Name
    message: Annotated[str, Meta(max_length=8192)]
    lines: Annotated[tuple[tuple[Natural, Name], ...], Meta(max_length=64)]
    memory: bool


Answer: TypeAlias = Ready | Done | Loaded | Scalars | Found | Values | Called | Pulled | Located | Profiled | Failed


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes to the worker."""

    number: Natural
    body: Ask
    arrays: tuple[ArrayHeader, ...]


class Reply(Struct, frozen=True, forbid_unknown_fields=True):
    """What comes back: the answer to the request of that number."""

    number: Natural
    body: Answer
    arrays: tuple[ArrayHeader, ...]
