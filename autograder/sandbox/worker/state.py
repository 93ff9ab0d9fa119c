"""What a worker remembers between requests, under the numbers that the parent chose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autograder.sandbox.worker.handin import HandIn

if TYPE_CHECKING:
    from numpytorch import Tensor, optim


@dataclass(slots=True)
class Object:
    """An instance of a class of the hand-in.

    dtype: the library's default while it works. training: the mode that it was last put in.
    """

    root: object
    dtype: str
    optimizer: optim.SGD | None = None
    training: bool = True


@dataclass(slots=True)
class Output:
    """What a call returned: `items`, with the object and the inputs that gradients go back to."""

    obj: int
    inputs: list[Tensor]
    items: list[object]


@dataclass(slots=True)
class State:
    """The hand-in, the harness, the objects built from both, and the outputs that the parent has not let go of."""

    hand_in: HandIn = field(default_factory=lambda: HandIn("assignment"))
    harness: HandIn = field(default_factory=lambda: HandIn("harness"))
    objects: dict[int, Object] = field(default_factory=dict)
    outputs: dict[int, Output] = field(default_factory=dict)
