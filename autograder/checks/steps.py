"""Steps of training, and predictions: what a worker is asked, again and again, to train a hand-in's model.

The parent chooses the batches and keeps the held-out labels; the worker takes the steps and returns logits.
"""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.api import Failed
from autograder.checks.causes import Cause
from autograder.sandbox import SandboxError
from autograder.words import _
from numpytorch.data import DataLoader, ImageDataset, mnist
from numpytorch.data.files import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograder.sandbox import Array, Session

_LOOKS = 5  # parts of a training, between which the model is looked at
LOOK_SECONDS = 1.0
"""What a look may take, or there is none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The hyperparameters at the top of a hand-in."""

    batch_size: int
    iterations: int
    learning_rate: float


def held_out() -> ImageDataset:
    """Return the digits that no training sees."""
    return digits()[1]


@functools.cache
def digits() -> tuple[ImageDataset, ImageDataset]:
    """Return the digits that ship, whatever set this user works with: scores must not depend on that."""
    return mnist(shipped_folder())


def take_steps(
    session: Session,
    model: int,
    settings: Settings,
    seed: int,
    allowed: float,
    say: Callable[[float, str], None],
    look: Callable[[int], None] | None = None,
) -> tuple[list[float], float]:
    """Take the iterations, or as many as fit into the time; return their losses, and the seconds they took.

    say: told on the way how much is done, from 0 to 1, and in words.
    look: called a few times on the way, with how many are done. Its time is not counted.
    """
    drawn = batches(settings.batch_size, seed)
    stops = {settings.iterations * k // _LOOKS for k in range(1, _LOOKS)} if look is not None else ()
    losses: list[float] = []
    looking = 0.0
    room = 0.0 if look is None else _LOOKS * LOOK_SECONDS
    start = time.perf_counter()
    try:
        with session.deadline(allowed + room):
            while len(losses) < settings.iterations and all(map(math.isfinite, losses[-1:])):
                losses.append(session.train_step(model, *next(drawn)))
                if look is not None and len(losses) in stops:
                    began = time.perf_counter()
                    look(len(losses))
                    looking += time.perf_counter() - began
                if time.perf_counter() - start - looking > 0.9 * allowed:
                    break
                if len(losses) % 10 == 0:
                    done = _(
                        "{done} of {count}, loss {loss:.3f}",
                        done=len(losses),
                        count=settings.iterations,
                        loss=losses[-1],
                    )
                    say(len(losses) / settings.iterations, done)
    except SandboxError as error:
        took = time.perf_counter() - start - looking
        error.add_note(
            _(
                "Training had done {done} of {count} iterations in {seconds:.0f} seconds ({pace:.2g} a second).",
                done=len(losses),
                count=settings.iterations,
                seconds=took,
                pace=len(losses) / took,
            )
        )
        raise
    return losses, time.perf_counter() - start - looking


def batches(batch_size: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield batches of the digits to train on, images and labels, for ever."""
    shown = digits()[0]
    loader = DataLoader(shown.x, shown.y, batch_size=batch_size, shuffle=True, seed=seed, drop_last=True)
    while True:
        yield from loader


def predict(session: Session, model: int, count: int, seconds: float) -> Array:
    """Predict logits (N, 10) for the first `count` held-out images; for fewer, if their time is up before."""
    images = held_out().x[:count]
    parts: list[Array] = []
    start, done = time.perf_counter(), 0
    with session.deadline(seconds):
        while done < len(images) and time.perf_counter() - start < 0.7 * seconds:
            x = images[done : done + (100 if parts else 10)]  # a few first, for it may be slow
            logits = session.predict(model, x)
            check_logits(logits, len(x), "Tensor")
            parts.append(logits)
            done += len(x)
    return np.concatenate(parts)


def check_logits(logits: Array | None, n: int, returned: str) -> None:
    """Raise Failed unless a model returned logits (n, 10)."""
    if logits is None or logits.shape != (n, 10):
        raise Failed(
            _(
                "MNISTClassificationModel.forward: expected logits of shape {expected} for {count} images, got {got}.",
                expected=(n, 10),
                count=n,
                got=returned if logits is None else _("shape {shape}", shape=logits.shape),
            ),
            hint=_("Return one row for each image, with one number for each of the ten digits."),
            cause=Cause.LOGITS_SHAPE,
        )
