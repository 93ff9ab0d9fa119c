"""Training a hand-in's model as main.py does, and judging what it learned.

The parent chooses the batches and keeps the held-out labels; the worker takes the steps and returns logits.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.api import Failed, Grader, Passed
from autograder.sandbox import SandboxError
from numpytorch.data import DataLoader, ImageDataset, mnist

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograder.sandbox import Array, TensorInfo

_LEAST_MOVE = 3e-4
_IDLE = 0.7  # one class predicted for all would agree with a good model on a tenth
HYPERPARAMETERS = ("BATCH_SIZE", "ITERATIONS", "LEARNING_RATE")


@dataclass(frozen=True, slots=True)
class Training:
    """One training run: the loss of each step, and what became of each Tensor in the model.

    moved: how far each Tensor's values went, as the norm of the change over the norm at the start.
    arrived: by path, the largest entry of the gradient on a batch, through the initial model and the trained one;
        None if none came. (A weight behind one that is still zero gets zeros at first, and not for long.)
    without: logits for the same images with every convolution weight (each parameter with 4 axes) set to zero.
    logits: (N, 10) for the held-out images. seconds: of training alone.
    """

    tensors: tuple[TensorInfo, ...]
    losses: tuple[float, ...]
    moved: dict[str, float]
    arrived: dict[str, float | None]
    logits: Array
    without: Array
    seconds: float
    batch_size: int
    learning_rate: float


def train(grader: Grader) -> Training:
    """Train the hand-in's MNISTClassificationModel on MNIST, once for all checks that ask."""
    return grader.once("training", lambda: _train(grader))


def model_learns(grader: Grader) -> Passed:
    """Raise Failed unless every Tensor is a parameter that gets a gradient and moves, and the loss falls."""
    run = train(grader)
    shapes = {t.path: t.shape for t in run.tensors}
    evidence = {
        "iterations": len(run.losses),
        "iterations_per_second": round(len(run.losses) / run.seconds, 2),
        "batch_size": run.batch_size,
        "learning_rate": run.learning_rate,
        "losses": [float(f"{x:.5g}") if math.isfinite(x) else str(x) for x in run.losses],
        "moved": run.moved,
        "largest_gradient": run.arrived,
    }
    floats = [t for t in run.tensors if t.dtype.startswith("float")]
    if not any(len(t.shape) == 4 for t in floats):
        raise Failed(
            f"MNISTClassificationModel: expected the weight of a convolution, a Tensor with 4 axes, found {shapes}.",
            hint="Build the model from your Conv2d layers, each on an attribute (or in nn.Sequential).",
            evidence=evidence,
        )
    # A plain Tensor of numbers that are no weights, such as the mean of the images, is nobody's fault.
    loose = [t for t in floats if not t.registered and (t.kind == "Parameter" or len(t.shape) > 1)]
    if loose:
        names = ", ".join(f"`{t.path}` {t.shape}" for t in loose)
        kind = "plain Tensors" if all(t.kind == "Tensor" for t in loose) else "not on attributes of their own"
        raise Failed(
            "MNISTClassificationModel: expected every Tensor of the model among model.parameters(), but these are not "
            f"({kind}), so training leaves them as they were drawn: {names}. F1 can reach 0.9 all the same: the linear "
            "layers learn to read random filters.",
            hint="Make each an nn.Parameter on an attribute of its module, not in a plain list or dict.",
            evidence={**evidence, "cause": "unregistered"},
        )
    missing = [path for path, largest in run.arrived.items() if largest is None]
    cut = missing or [path for path, largest in run.arrived.items() if not largest]
    if cut:
        names = ", ".join(f"`{path}` {shapes[path]}" for path in cut)
        raise Failed(
            "MNISTClassificationModel: expected a gradient at every parameter, but "
            f"{'none' if missing else 'only zeros'} arrived at {names}, so training leaves them as they were drawn. "
            "F1 can reach 0.9 all the same: the linear layers learn to read random filters.",
            hint="The graph is cut in the layer that owns them, or in a later one: reading `.arr` and building a new "
            "Tensor from the result loses it. The gradient checks of Conv2d and MaxPool2d say where.",
            evidence={**evidence, "cause": "severed"},
        )
    if not np.isfinite(run.losses).all():
        first = int(np.argmin(np.isfinite(run.losses)))
        raise Failed(
            f"MNISTClassificationModel: expected finite losses, got {run.losses[first]} at iteration {first + 1} of "
            f"{len(run.losses)}.",
            hint=f"Lower LEARNING_RATE (now {run.learning_rate:g}), and start from smaller weights: nn.Parameter.new.",
            evidence={**evidence, "cause": "diverged"},
        )
    still = {p: d for p, d in run.moved.items() if d < (_LEAST_MOVE if len(shapes[p]) == 4 else 1e-12)}
    if still:
        told = ", ".join(f"`{p}` moved by {d:.2g} of its size" for p, d in still.items())
        raise Failed(
            f"MNISTClassificationModel: expected training to move every parameter (convolution weights by at least "
            f"{_LEAST_MOVE:g} of their size), but {told}.",
            hint="Is it replaced, or reset, in forward? Create parameters in __init__ only.",
            evidence={**evidence, "cause": "did_not_move"},
        )
    tenth = max(1, len(run.losses) // 10)
    start, end = (float(np.mean(part)) for part in (run.losses[:tenth], run.losses[-tenth:]))
    guessing = math.log(10)
    if not (end < start and end < 0.9 * guessing):
        raise Failed(
            f"MNISTClassificationModel: every parameter gets a gradient and moves, but the loss went from {start:.4f} "
            f"to {end:.4f} (means of the first and the last {tenth} iterations). Expected it to fall, and well below "
            f"ln(10) = {guessing:.4f}, the loss of guessing.",
            hint=f"Try a smaller or a larger LEARNING_RATE (now {run.learning_rate:g}), and more ITERATIONS (now "
            f"{len(run.losses)}).",
            evidence={**evidence, "cause": "loss_does_not_fall"},
        )
    idle = float((run.logits.argmax(1) == run.without.argmax(1)).mean())
    if idle > _IDLE:
        raise Failed(
            f"MNISTClassificationModel: expected its predictions to depend on its convolutions, but with all their "
            f"weights set to zero it still predicts the same digit for {idle:.0%} of the images.",
            hint="Pass the images through your Conv2d layers, and only what comes out of them to the linear layers.",
            evidence={**evidence, "cause": "convolutions_unused", "same_predictions_without": idle},
        )
    return Passed(
        f"All {len(run.moved)} parameters get a gradient and move; the loss fell from {start:.3f} to {end:.3f} in "
        f"{len(run.losses)} iterations ({len(run.losses) / run.seconds:.0f} a second).",
        evidence,
    )


def model_reaches_f1(grader: Grader) -> Passed:
    """Raise Failed unless macro and micro F1 on held-out digits reach what the assignment asks for."""
    from sklearn.metrics import confusion_matrix, f1_score  # here, for it takes most of a second to import

    run = train(grader)
    labels = _data(grader)[1].y
    if not np.isfinite(run.logits).all():
        raise Failed(
            "MNISTClassificationModel: expected finite logits after training, got NaN or infinity.",
            hint=f"Lower LEARNING_RATE (now {run.learning_rate:g}); the check above says where the loss left off.",
        )
    predicted = run.logits.argmax(axis=1)
    macro, micro = (float(f1_score(labels, predicted, average=a)) for a in ("macro", "micro"))
    wanted = grader.assignment.training.f1
    evidence = {
        "macro_f1": macro,
        "micro_f1": micro,
        "wanted": wanted,
        "confusion_matrix": confusion_matrix(labels, predicted, labels=range(10)).tolist(),
    }
    scores = f"macro F1 {macro:.4f} and micro F1 {micro:.4f} on {len(labels)} held-out digits"
    if min(macro, micro) < wanted:
        raise Failed(
            f"Expected both F1 scores to be at least {wanted} after training, got {scores}.",
            hint="More ITERATIONS, another LEARNING_RATE; and see whether the model learns at all (the check above).",
            evidence=evidence,
        )
    return Passed(f"{scores[0].upper()}{scores[1:]}; {wanted} was asked for.", evidence)


def hyperparameters(grader: Grader) -> tuple[int, int, float]:
    """Return the hand-in's batch size, iterations and learning rate; raise Failed if they are out of bounds."""
    config = grader.assignment.training
    values = grader.session.constants(HYPERPARAMETERS)
    for name, whole in zip(HYPERPARAMETERS, (True, True, False), strict=True):
        value, (low, high) = values[name], getattr(config, name.lower())
        is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not is_number or not low <= float(value or 0) <= high:
            raise Failed(
                f"{name}: expected {'a whole number' if whole else 'a number'} from {low:g} to {high:g} at the top of "
                f"assignment.py, got {'nothing' if value is None else repr(value)}.",
                hint="Set it in the marked region of assignment.py; the bounds are in README.md.",
                evidence={"name": name, "value": value, "bounds": [low, high]},
            )
    batch_size, iterations, learning_rate = (values[name] for name in HYPERPARAMETERS)
    return int(batch_size or 0), int(iterations or 0), float(learning_rate or 0)


def _data(grader: Grader) -> tuple[ImageDataset, ImageDataset]:
    return grader.once("mnist", mnist)


def _train(grader: Grader) -> Training:
    session = grader.session
    batch_size, iterations, learning_rate = hyperparameters(grader)
    training, held_out = _data(grader)
    images, labels = training.x, training.y
    seed = grader.child_seed("training")
    with session.deadline(grader.assignment.training.seconds):
        model = session.build("MNISTClassificationModel", (), seed=seed, dtype="float32")
        batches = iter(_batches(images, labels, batch_size, seed))

        x, _ = next(batches)
        arrived = _what_arrives(grader, model.id, x)
        # What a layer keeps of its input is no weight: those are there before the first call, or registered.
        now = session.tensors(model.id).tensors
        first = {t.path for t in model.tensors}
        tensors = model.tensors + tuple(t for t in now if t.registered and t.path not in first)
        paths = [t.path for t in now if t.registered]

        if not paths:
            raise Failed(
                "MNISTClassificationModel: expected parameters to train, but model.parameters() lists none.",
                hint="Make the weights nn.Parameter, and keep layers on attributes, in nn.Sequential or nn.ModuleList.",
                evidence={"cause": "unregistered", "found": {t.path: list(t.shape) for t in tensors}},
            )
        before = session.read(model.id, paths)
        session.optimizer(model.id, learning_rate)
        losses: list[float] = []
        start = time.perf_counter()
        try:
            while len(losses) < iterations and all(map(math.isfinite, losses[-1:])):
                losses.append(session.train_step(model.id, *next(batches)))
                if len(losses) % 10 == 0:
                    done = f"{len(losses)} of {iterations}"
                    grader.progress(len(losses) / iterations, f"training, {done}, loss {losses[-1]:.3f}")
        except SandboxError as error:
            took = time.perf_counter() - start
            error.add_note(
                f"Training had done {len(losses)} of {iterations} iterations in {took:.0f} seconds "
                f"({len(losses) / took:.2g} a second)."
            )
            raise
        seconds = time.perf_counter() - start
        grader.progress(1.0, "predicting held-out digits")
        logits = _predict(grader, model.id, held_out.x)
        after = session.read(model.id, paths)
        later = _what_arrives(grader, model.id, x) if math.isfinite(losses[-1]) else {}
        weights = {path: after[path] for path in paths if after[path].ndim == 4}
        session.write(model.id, {path: np.zeros_like(w) for path, w in weights.items()})
        without = _predict(grader, model.id, held_out.x)
        session.write(model.id, weights)
    grader.timing["training"] = seconds
    return Training(
        tensors,
        tuple(losses),
        {path: _distance(before[path], after[path]) for path in paths},
        {path: _larger(arrived.get(path), later.get(path)) for path in paths},
        logits,
        without,
        seconds,
        batch_size,
        learning_rate,
    )


def _batches(images: Array, labels: Array, batch_size: int, seed: int) -> Iterator[tuple[Array, Array]]:
    loader = DataLoader(images, labels, batch_size=batch_size, shuffle=True, seed=seed, drop_last=True)
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


def _predict(grader: Grader, model: int, images: Array) -> Array:
    """Predict logits (N, 10), a hundred images at a time."""
    parts = []
    for x in np.array_split(images, max(1, len(images) // 100)):
        logits = grader.session.predict(model, x)
        _check_logits(logits, len(x), "Tensor")
        parts.append(logits)
    return np.concatenate(parts)


def _check_logits(logits: Array | None, n: int, returned: str) -> None:
    if logits is None or logits.shape != (n, 10):
        got = returned if logits is None else f"shape {logits.shape}"
        raise Failed(f"MNISTClassificationModel.forward: expected logits of shape ({n}, 10) for {n} images, got {got}.")


def _distance(before: Array, after: Array) -> float:
    if before.shape != after.shape:
        return math.inf
    return float(np.linalg.norm(after - before) / (np.linalg.norm(before) or 1.0))
