"""What a session gives back: plain records of plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.sandbox.messages import Array, CutKind, TensorInfo


@dataclass(frozen=True, slots=True)
class Built:
    """An object of the hand-in. id: its number, to ask for more. tensors: each Tensor it held, once made."""

    id: int
    tensors: tuple[TensorInfo, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """One thing that a call returned.

    type: its class name. is_tensor: whether it is a Tensor (or a subclass).
    dtype, array: its values; both None if it is neither a Tensor nor an array, and `array` alone is None
        if its dtype cannot cross (float16, complex, object).
    """

    type: str
    is_tensor: bool
    dtype: str | None
    requires_grad: bool
    array: Array | None


@dataclass(frozen=True, slots=True)
class Output:
    """What a call returned. Its values are as the hand-in computed them: they may be infinite or NaN.

    id: its number, for `backward` and `release`.
    returned: the class name of what was returned: `Tensor`, `ndarray`, `tuple`, `NoneType`.
    items: it, or what it holds if it is a tuple or a list, up to 64.
    inputs: how many inputs it was computed from.
    """

    id: int
    returned: str
    items: tuple[Returned, ...]
    inputs: int

    @property
    def array(self) -> Array | None:
        """The values of the first item; None if there is none."""
        return self.items[0].array if self.items else None

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The values of every item that has some."""
        return tuple(item.array for item in self.items if item.array is not None)

    @property
    def dtype(self) -> str | None:
        """The dtype of the first item."""
        return self.items[0].dtype if self.items else None

    @property
    def is_tensor(self) -> bool:
        """Whether there are items, and all are Tensors."""
        return bool(self.items) and all(item.is_tensor for item in self.items)

    @property
    def requires_grad(self) -> bool:
        """Whether there are items, and a gradient can be pulled back from each."""
        return bool(self.items) and all(item.requires_grad for item in self.items)


@dataclass(frozen=True, slots=True)
class Gradients:
    """The gradients there are after `backward`. None where none has arrived.

    inputs: at the inputs of that call, in order. tensors: at each Tensor of the object, by path.
    """

    inputs: tuple[Array | None, ...]
    tensors: dict[str, Array | None]


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the hand-in's source, of which the text is our own copy.

    line, end_line: from 1. column: in characters, from 0. function: as the worker tells it, cleaned.
    """

    line: int
    end_line: int
    column: int
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the path from a target to the output leaves the graph. Told by the worker: advice, no evidence.

    target: the path of a Tensor of the object, or the number of an input.
    kind: "made": `made` makes a Tensor, or takes a constant, without a graph; "set": it replaces the values of one
        through `.arr`; "written": it writes into the array of one. "read": only `read` was found.
        "refused": the `f_d` of `rule` returns None for it, at `made`. "unused": the output does not depend on it.
        "whole": the path is whole; with `plain`, all that is missing is that the target requires a gradient.
    made: that place. via: the function of the library that it calls: `Tensor.__init__`, `tensor`, `Tensor.__mul__`.
    read: where the values that go on from there were read out of the graph.
    rule: the class of the rule that the result has, but that was not given the target. "" for none.
    recording: False if it happened under `no_grad`.
    plain: whether the target is a Tensor that requires no gradient.
    """

    target: str | int
    kind: CutKind
    made: Place | None
    read: Place | None
    via: str
    rule: str
    recording: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class LineShare:
    """A line of the hand-in, and the share of the time, from 0 to 1, for which it was the innermost one running."""

    line: int
    function: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time of a call went. Told by the worker: advice, no evidence.

    calls: how often it ran to its end, and back. seconds: how long the parent waited for all.
    lines: the slowest first.
    """

    calls: int
    seconds: float
    lines: tuple[LineShare, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session has used, its earlier workers included.

    peak_rss: the most bytes seen resident in one worker's processes together; looked at now and then, so a
        short peak may be missed. wait_seconds: how long the parent waited for answers.
    """

    peak_rss: int
    wait_seconds: float
