"""Training a hand-in's model as main.py does, and recording what became of it. Judging that is `learning`'s.

The parent chooses the batches and keeps the held-out labels; the worker takes the steps and returns logits.
"""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.sandbox import SandboxError, Session
from autograder.submission import read_submission
from autograder.words import _
from numpytorch.data import DataLoader, ImageDataset, mnist
from numpytorch.data.files import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autograder.sandbox import Array, Built, TensorInfo

HYPERPARAMETERS = ("BATCH_SIZE", "ITERATIONS", "LEARNING_RATE")
_COMPARED_SECONDS = 60.0
_PACE_SECONDS = 2.0
_SOME = 200  # held-out images, where a share of them is asked for and no score
_LOOKS = 5  # parts of a training, between which the model is looked at
_LOOK_SECONDS = 1.0  # what a look may take, or there is none


@dataclass(frozen=True, slots=True)
class Features:
    """The parameters that the assignment is about: `name` is what a student calls them, in the plural."""

    name: str
    among: Callable[[TensorInfo], bool]


@dataclass(frozen=True, slots=True)
class Settings:
    """The hyperparameters at the top of a hand-in."""

    batch_size: int
    iterations: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Training:
    """One training run: the loss of each step, and what became of each Tensor in the model.

    initial, final: the values of the features before training and after it, by path.
    moved: how far each Tensor's values went, as the norm of the change over the norm at the start.
    arrived: by path, the largest entry of the gradient on a batch, through the initial model and the trained one;
        None if none came. (A weight behind one that is still zero gets zeros at first, and not for long.)
    before, logits, without, reset: logits (N, 10) for the first of the held-out images before training, for all of them
        after it, and for the first of them then with the features set to zero, and with all parameters put back to
        what they were. There are fewer if time was up.
    along: logits for the first of the held-out images in the course of training, by how many steps were done; none if
        the model is too slow to look at it often.
    seconds: of the steps alone.
    """

    tensors: tuple[TensorInfo, ...]
    features: tuple[str, ...]
    settings: Settings
    losses: tuple[float, ...]
    initial: dict[str, Array]
    final: dict[str, Array]
    moved: dict[str, float]
    arrived: dict[str, float | None]
    before: Array
    logits: Array
    without: Array
    reset: Array
    along: dict[int, Array]
    seconds: float

    @property
    def stopped(self) -> bool:
        """Whether time was up before all iterations were done."""
        return len(self.losses) < self.settings.iterations and math.isfinite(self.losses[-1])

    @property
    def pace(self) -> float:
        """Iterations per second."""
        return len(self.losses) / self.seconds


def train(grader: Grader, features: Features, seed: int) -> Training:
    """Train the hand-in's MNISTClassificationModel on MNIST, once for all checks that ask."""
    return grader.once(("training", seed), lambda: _train(grader, features, seed))


def train_frozen(grader: Grader, run: Training, seed: int) -> Array | None:
    """Train once more, the features left as they were drawn; return logits for the held-out images.

    None if that would take too long.
    """
    if run.seconds > _COMPARED_SECONDS:
        return None
    return grader.once(("frozen", seed), lambda: _train_frozen(grader, run, seed))


def held_out() -> ImageDataset:
    """Return the digits that no training sees."""
    return _digits()[1]


def hyperparameters(grader: Grader) -> Settings:
    """Return the hand-in's batch size, iterations and learning rate; raise Failed if they are out of bounds."""
    config = grader.assignment.training
    values = grader.session.constants(HYPERPARAMETERS)
    for name, whole in zip(HYPERPARAMETERS, (True, True, False), strict=True):
        value, (low, high) = values[name], getattr(config, name.lower())
        is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not is_number or not low <= float(value or 0) <= high:
            raise Failed(
                _(
                    "{name}: expected {kind} from {low:g} to {high:g} at the top of assignment.py, got {value}.",
                    name=name,
                    kind=_("a whole number") if whole else _("a number"),
                    low=low,
                    high=high,
                    value=_("nothing") if value is None else repr(value),
                ),
                hint=_("Set it in the marked region of assignment.py; the bounds are in README.md."),
                cause=Cause.HYPERPARAMETER,
                evidence={"name": name, "value": value, "bounds": [low, high]},
            )
    batch_size, iterations, learning_rate = (values[name] for name in HYPERPARAMETERS)
    return Settings(int(batch_size or 0), int(iterations or 0), float(learning_rate or 0))


def model_answers_pace(grader: Grader, batch_size: int) -> float | None:
    """Return the iterations per second of the model answer, on this machine and now; None if it is not at hand."""
    file = grader.assignment.folder / "solution.py"
    if not file.is_file():
        return None
    return grader.once(("pace", batch_size), lambda: _pace(grader, batch_size))


def _pace(grader: Grader, batch_size: int) -> float:
    answer = read_submission(grader.assignment.folder / "solution.py")
    batches = iter(_batches(_digits()[0], batch_size, 0))
    here = grader.session
    config = grader.assignment.config
    with Session(
        answer, here.limits, here.tier, grader.assignment.harness, config.imports, config.environment
    ) as session:
        session.load()
        model = session.build("MNISTClassificationModel", (), seed=0, dtype="float32")
        session.optimizer(model.id, 0.01)
        session.train_step(model.id, *next(batches))
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < _PACE_SECONDS:
            session.train_step(model.id, *next(batches))
            steps += 1
        return steps / (time.perf_counter() - start)


@functools.cache
def _digits() -> tuple[ImageDataset, ImageDataset]:
    """Return the digits that ship, whatever set this user works with: scores must not depend on that."""
    return mnist(shipped_folder())


def build_model(grader: Grader, seed: int) -> Built:
    """Make the hand-in's model, with the initial weights of a seed."""
    return grader.session.build("MNISTClassificationModel", (), seed=seed, dtype="float32")


def _train(grader: Grader, features: Features, seed: int) -> Training:
    session, settings = grader.session, hyperparameters(grader)
    digits = _digits()[0]
    allowed = grader.assignment.training.seconds
    model = build_model(grader, seed)
    x, _labels = next(iter(_batches(digits, settings.batch_size, seed)))
    session.optimizer(model.id, settings.learning_rate)  # before the first call, as main.py does
    arrived = _what_arrives(grader, model.id, x)
    # What a layer keeps of its input is no weight: those are there before the first call, or registered.
    now = session.tensors(model.id).tensors
    first = {t.path for t in model.tensors}
    tensors = model.tensors + tuple(t for t in now if t.registered and t.path not in first)
    paths = [t.path for t in now if t.registered]
    chosen = tuple(t.path for t in now if t.registered and features.among(t))
    if not paths:
        raise Failed(
            _("MNISTClassificationModel: expected parameters to train, but model.parameters() lists none."),
            hint=_("Make the weights nn.Parameter, and keep layers on attributes, in nn.Sequential or nn.ModuleList."),
            cause=Cause.UNREGISTERED,
            evidence={"found": {t.path: list(t.shape) for t in tensors}},
        )
    values = session.read(model.id, paths)
    start = time.perf_counter()
    before = _predict(grader, model.id, _SOME, allowed)
    slow = time.perf_counter() - start > _LOOK_SECONDS
    along: dict[int, Array] = {}

    def look(done: int) -> None:
        along[done] = _predict(grader, model.id, _SOME, allowed)

    losses, seconds = _steps(grader, model.id, settings, seed, allowed, _("training"), None if slow else look)
    grader.progress(1.0, _("predicting held-out digits"))
    logits = _predict(grader, model.id, len(held_out()), allowed)
    after = session.read(model.id, paths)
    later = _what_arrives(grader, model.id, x) if math.isfinite(losses[-1]) else {}
    session.write(model.id, {path: np.zeros_like(after[path]) for path in chosen})
    without = _predict(grader, model.id, _SOME, allowed)
    session.write(model.id, values)
    reset = _predict(grader, model.id, _SOME, allowed)
    grader.timing["training"] = grader.timing.get("training", 0.0) + seconds
    return Training(
        tensors,
        chosen,
        settings,
        tuple(losses),
        {path: values[path] for path in chosen},
        {path: after[path] for path in chosen},
        {path: _distance(values[path], after[path]) for path in paths},
        {path: _larger(arrived.get(path), later.get(path)) for path in paths},
        before,
        logits,
        without,
        reset,
        along,
        seconds,
    )


def _train_frozen(grader: Grader, run: Training, seed: int) -> Array:
    model = build_model(grader, seed)
    grader.session.optimizer(model.id, run.settings.learning_rate, frozen=run.features)
    as_many = replace(run.settings, iterations=len(run.losses))
    _losses, seconds = _steps(grader, model.id, as_many, seed, 2 * _COMPARED_SECONDS, _("training the frozen twin"))
    grader.timing["training"] += seconds
    return _predict(grader, model.id, len(held_out()), 2 * _COMPARED_SECONDS)


def _steps(
    grader: Grader,
    model: int,
    settings: Settings,
    seed: int,
    allowed: float,
    doing: str,
    look: Callable[[int], None] | None = None,
) -> tuple[list[float], float]:
    """Take the iterations, or as many as fit into the time; return their losses, and the seconds they took.

    look: called a few times on the way, with how many are done. Its time is not counted.
    """
    session, batches = grader.session, iter(_batches(_digits()[0], settings.batch_size, seed))
    stops = {settings.iterations * k // _LOOKS for k in range(1, _LOOKS)} if look is not None else ()
    losses: list[float] = []
    looking = 0.0
    room = 0.0 if look is None else _LOOKS * _LOOK_SECONDS
    start = time.perf_counter()
    try:
        with session.deadline(allowed + room):
            while len(losses) < settings.iterations and all(map(math.isfinite, losses[-1:])):
                losses.append(session.train_step(model, *next(batches)))
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
                    grader.progress(len(losses) / settings.iterations, f"{doing}, {done}")
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


def _batches(digits: ImageDataset, batch_size: int, seed: int) -> Iterator[tuple[Array, Array]]:
    loader = DataLoader(digits.x, digits.y, batch_size=batch_size, shuffle=True, seed=seed, drop_last=True)
    while True:
        yield from loader


def _what_arrives(grader: Grader, model: int, x: Array) -> dict[str, float | None]:
    """Return the largest entry of the gradient at each Tensor, for a random upstream gradient; None for none."""
    output = grader.session.call(model, [x], requires_grad=False)
    _check_logits(output.array, len(x), output.returned)
    arrived: dict[str, float | None] = {}
    if output.requires_grad:
        upstream = grader.rng("upstream").standard_normal((len(x), 10)).astype(np.float32)
        grader.session.zero_grad(model)
        pulled = grader.session.backward(output.id, upstream).tensors
        arrived = {path: None if g is None else float(np.abs(g).max(initial=0)) for path, g in pulled.items()}
    grader.session.release(output.id)
    return arrived


def _larger(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else max(a, b)


def _predict(grader: Grader, model: int, count: int, seconds: float) -> Array:
    """Predict logits (N, 10) for the first `count` held-out images; for fewer, if their time is up before."""
    images = held_out().x[:count]
    parts: list[Array] = []
    start, done = time.perf_counter(), 0
    with grader.session.deadline(seconds):
        while done < len(images) and time.perf_counter() - start < 0.7 * seconds:
            x = images[done : done + (100 if parts else 10)]  # a few first, for it may be slow
            logits = grader.session.predict(model, x)
            _check_logits(logits, len(x), "Tensor")
            parts.append(logits)
            done += len(x)
    return np.concatenate(parts)


def _check_logits(logits: Array | None, n: int, returned: str) -> None:
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


def _distance(before: Array, after: Array) -> float:
    if before.shape != after.shape:
        return math.inf
    before, after = before.astype(np.float64), after.astype(np.float64)  # squares of float32 may overflow
    return float(np.linalg.norm(after - before) / (np.linalg.norm(before) or 1.0))
