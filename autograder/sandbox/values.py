"""What a session gives back: plain records of plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.sandbox.messages import Array, TensorInfo


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
class Usage:
    """What a session has used, its earlier workers included.

    peak_rss: the most bytes seen resident in one worker's processes together; looked at now and then, so a
        short peak may be missed. wait_seconds: how long the parent waited for answers.
    """

    peak_rss: int
    wait_seconds: float
