"""Training a hand-in's model as main.py does, and recording what became of it. Judging that is `learning`'s."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.checks.steps import LOOK_SECONDS, Settings, batches, check_logits, held_out, predict, take_steps
from autograder.checks.twin import FrozenTwin
from autograder.submission import read_submission
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.sandbox import Array, Built, TensorInfo

HYPERPARAMETERS = ("BATCH_SIZE", "ITERATIONS", "LEARNING_RATE")
_COMPARED_SECONDS = 60.0
_PACE_SECONDS = 2.0
_SOME = 200  # held-out images, where a share of them is asked for and no score


@dataclass(frozen=True, slots=True)
class Features:
    """The parameters that the assignment is about: `name` is what a student calls them, in the plural."""

    name: str
    among: Callable[[TensorInfo], bool]


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


def train(grader: Grader, features: Features, seed: int, *, twin: bool = False) -> Training:
    """Train the hand-in's MNISTClassificationModel on MNIST, once for all checks that ask.

    twin: begin what `train_frozen` asks for beside it, if it is no slow one.
    """
    return grader.once(("training", seed), lambda: _train(grader, features, seed, twin=twin))


def train_frozen(grader: Grader, run: Training, seed: int) -> Array | None:
    """Train once more, the features left as they were drawn; return logits for the held-out images.

    None if that would take too long.
    """
    if run.seconds > _COMPARED_SECONDS:
        return None
    return grader.once(("frozen", seed), lambda: _train_frozen(grader, run, seed))


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
    drawn = batches(batch_size, 0)
    with grader.session.another(answer) as session:
        session.load()
        model = session.build("MNISTClassificationModel", (), seed=0, dtype="float32")
        session.optimizer(model.id, 0.01)
        session.train_step(model.id, *next(drawn))
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < _PACE_SECONDS:
            session.train_step(model.id, *next(drawn))
            steps += 1
        return steps / (time.perf_counter() - start)


def build_model(grader: Grader, seed: int) -> Built:
    """Make the hand-in's model, with the initial weights of a seed."""
    return grader.session.build("MNISTClassificationModel", (), seed=seed, dtype="float32")


def _train(grader: Grader, features: Features, seed: int, *, twin: bool) -> Training:
    session, settings = grader.session, hyperparameters(grader)
    allowed = grader.assignment.training.seconds
    model = build_model(grader, seed)
    x, _labels = next(batches(settings.batch_size, seed))
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
    before = predict(session, model.id, _SOME, allowed)
    slow = time.perf_counter() - start > LOOK_SECONDS
    along: dict[int, Array] = {}

    def look(done: int) -> None:
        along[done] = predict(session, model.id, _SOME, allowed)
        # Beside its twin, a model may be half as fast, where there is one processor: that must not cost it its time.
        whole = (time.perf_counter() - start) / done * settings.iterations
        if twin and arrived and all(arrived.values()) and 2 * whole < min(allowed, _COMPARED_SECONDS):
            _twin(grader, settings, chosen, seed)

    losses, seconds = take_steps(
        session, model.id, settings, seed, allowed, _saying(grader, _("training")), None if slow else look
    )
    grader.progress(1.0, _("predicting held-out digits"))
    logits = predict(session, model.id, len(held_out()), allowed)
    after = session.read(model.id, paths)
    later = _what_arrives(grader, model.id, x) if math.isfinite(losses[-1]) else {}
    session.write(model.id, {path: np.zeros_like(after[path]) for path in chosen})
    without = predict(session, model.id, _SOME, allowed)
    session.write(model.id, values)
    reset = predict(session, model.id, _SOME, allowed)
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
    start = time.perf_counter()
    logits = _twin(grader, run.settings, run.features, seed).logits(_saying(grader, _("training the frozen twin")))
    waited = time.perf_counter() - start
    grader.timing["training"] += waited
    grader.timing["hand_in"] = grader.timing.get("hand_in", 0.0) + waited
    return logits


def _twin(grader: Grader, settings: Settings, features: tuple[str, ...], seed: int) -> FrozenTwin:
    """Return the twin, which trains from the moment in which it is first asked for."""

    def begin() -> FrozenTwin:
        return grader.keep(
            f"twin {seed}", FrozenTwin(grader.session.another(), settings, features, seed, 2 * _COMPARED_SECONDS)
        )

    return grader.once(("twin", seed), begin)


def _saying(grader: Grader, doing: str) -> Callable[[float, str], None]:
    return lambda fraction, done: grader.progress(fraction, f"{doing}, {done}")


def _what_arrives(grader: Grader, model: int, x: Array) -> dict[str, float | None]:
    """Return the largest entry of the gradient at each Tensor, for a random upstream gradient; None for none."""
    output = grader.session.call(model, [x], requires_grad=False)
    check_logits(output.array, len(x), output.returned)
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


def _distance(before: Array, after: Array) -> float:
    if before.shape != after.shape:
        return math.inf
    before, after = before.astype(np.float64), after.astype(np.float64)  # squares of float32 may overflow
    return float(np.linalg.norm(after - before) / (np.linalg.norm(before) or 1.0))
