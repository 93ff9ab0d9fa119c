"""The nine wrong backwards that an all-ones upstream gradient lets through, each caught, and for its own reason.

That it does let them through is shown in tests/gradcheck/test_wrong_rules.py, with the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.checks import Cause, Failed, Grader
from autograder.checks.layer import gradient_is_right
from autograder.checks.probe import LayerCase
from autograder.runner import Silent
from autograder.sandbox import Array, Limits, Session, strongest_tier
from autograder.submission import read_submission
from tests.gradcheck.rules import conv2d, softmax

HAND_IN = """
import numpy as np

from numpytorch import nn
from numpytorch.autograd import GradFn, attach


def windows(x, weight):
    return np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))


def conv2d(x, weight):
    return np.einsum("nchwij,fcij->nfhw", windows(x, weight), weight)


def conv2d_rule(dy, x, weight):
    k = weight.shape[-1]
    padded = np.pad(dy, ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)))
    dx = np.einsum("nfhwij,fcij->nchw", windows(padded, weight), weight[..., ::-1, ::-1])
    return dx, np.einsum("nchwij,nfhw->fcij", windows(x, weight), dy)


def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


FORWARDS = {
    "softmax": softmax,
    "tanh": np.tanh,
    "turn": lambda x: x.transpose(1, 2, 0),
    "reshape": lambda x: x.reshape(3, 5),
    "flip": lambda x: x[::-1],
    "batch": conv2d,
    "filters": conv2d,
    "repeat": lambda x: np.repeat(x, 3),
    "stack": lambda a, b: np.stack([a, b]),
}
RIGHT = {
    "softmax": lambda dy, y, x: (y * (dy - (dy * y).sum(-1, keepdims=True)),),
    "tanh": lambda dy, y, x: (dy * (1 - y * y),),
    "turn": lambda dy, y, x: (dy.transpose(2, 0, 1),),
    "reshape": lambda dy, y, x: (dy.reshape(x.shape),),
    "flip": lambda dy, y, x: (dy[::-1],),
    "batch": lambda dy, y, x, w: conv2d_rule(dy, x, w),
    "filters": lambda dy, y, x, w: conv2d_rule(dy, x, w),
    "repeat": lambda dy, y, x: (dy.reshape(-1, 3).sum(1),),
    "stack": lambda dy, y, a, b: (dy[0], dy[1]),
}
WRONG = {
    "softmax": lambda dy, y, x: (0 * dy,),
    "tanh": lambda dy, y, x: (1 - y * y,),
    "turn": lambda dy, y, x: (dy.transpose(1, 2, 0),),
    "reshape": lambda dy, y, x: (dy.reshape(x.shape, order="F"),),
    "flip": lambda dy, y, x: (dy,),
    "batch": lambda dy, y, x, w: (conv2d_rule(dy, x, w)[0], conv2d_rule(dy[::-1], x, w)[1]),
    "filters": lambda dy, y, x, w: (conv2d_rule(dy, x, w)[0], conv2d_rule(dy, x, w)[1][::-1]),
    "repeat": lambda dy, y, x: (dy.reshape(3, -1).sum(0),),
    "stack": lambda dy, y, a, b: (dy[1], dy[0]),
}


class Rule(GradFn):
    def __init__(self, rule, *parents):
        super().__init__(*parents)
        self.rule = rule

    def f_d(self, *nodes):
        *parents, y = nodes
        return self.rule(y.grad, y.arr, *[x.arr for x in parents])


class Right(nn.Module):
    rules = RIGHT

    def __init__(self, name):
        self.name = name

    def forward(self, *inputs):
        y = FORWARDS[self.name](*[x.arr for x in inputs])
        return attach(y, Rule(self.rules[self.name], *inputs))


class Wrong(Right):
    rules = WRONG
"""


@dataclass(frozen=True)
class Operation(LayerCase):
    """An operation without parameters: nothing is known of it but its forward, and perhaps one mistake of its own."""

    name: str
    function: Callable[..., Array]
    lengths: tuple[tuple[int, ...], ...]
    version: str
    suspect: Callable[[Array], Array] | None = None

    @property
    def cls(self) -> str:
        return self.version

    @property
    def args(self) -> tuple[str, ...]:
        return (self.name,)

    def sample(self, rng: np.random.Generator) -> dict[str, Array]:
        return {f"input {i}": rng.standard_normal(shape) for i, shape in enumerate(self.lengths)}

    def forward(self, inputs: Mapping[str, Array], parameters: Mapping[str, Array]) -> tuple[Array, ...]:
        return (np.asarray(self.function(*inputs.values())),)

    def gradient_suspects(self, target: str, inputs: Any, parameters: Any, upstream: Any) -> Iterator[Any]:
        if self.suspect is not None:
            yield Cause.MIXED_UP, self.suspect(upstream[0])


NINE: list[tuple[str, Callable[..., Array], tuple[tuple[int, ...], ...], Cause, str]] = [
    ("softmax", softmax, ((3, 5),), Cause.ZERO_GRADIENT, "zero everywhere"),
    ("tanh", np.tanh, ((3, 5),), Cause.IGNORES_UPSTREAM, "ignores the one that arrives"),
    ("turn", lambda x: x.transpose(1, 2, 0), ((3, 3, 3),), Cause.MIXED_UP, "in each other's places"),
    ("reshape", lambda x: x.reshape(3, 5), ((5, 3),), Cause.FORTRAN_ORDER, "column-major order"),
    ("flip", lambda x: x[::-1], ((5, 2),), Cause.MIXED_UP, "in each other's places"),
    ("batch", conv2d, ((2, 3, 5, 4), (7, 3, 2, 2)), Cause.MIXED_UP, "in each other's places"),
    ("filters", conv2d, ((2, 3, 5, 4), (7, 3, 2, 2)), Cause.MIXED_UP, "in each other's places"),
    ("repeat", lambda x: np.repeat(x, 3), ((5,),), Cause.MIXED_UP, "in each other's places"),
    ("stack", lambda a, b: np.stack([a, b]), ((5,), (5,)), Cause.SWAPPED_PARENTS, "belongs to the other one"),
]


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    file = tmp_path_factory.mktemp("nine") / "assignment.py"
    file.write_text(HAND_IN, "utf-8")
    submission = read_submission(file)
    with (
        Session(submission, Limits(), strongest_tier()) as session,
        Grader(load_assignment("cnn"), submission, session, 0, Silent().progress) as grader,
    ):
        yield grader


@pytest.mark.parametrize(("name", "function", "lengths", "cause", "says"), NINE, ids=[n[0] for n in NINE])
def test_a_wrong_backward_that_all_ones_miss_is_caught_for_its_own_reason(
    grader: Grader, name: str, function: Any, lengths: Any, cause: Cause, says: str
) -> None:
    target = f"input {len(lengths) - 1}"
    gradient_is_right(grader, Operation(name, function, lengths, "Right"), target)
    suspect = (lambda dy: dy.reshape(3, -1).sum(0)) if name == "repeat" else None
    with pytest.raises(Failed) as failed:
        gradient_is_right(grader, Operation(name, function, lengths, "Wrong", suspect), target)
    assert failed.value.cause is cause, failed.value.message
    assert says in failed.value.message
