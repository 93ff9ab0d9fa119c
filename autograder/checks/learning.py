"""Judging what a model learned: whether every parameter took part, whether it needed them, and what it knows.

Each question is one function, in the order they are asked; most of the length is what they say to a student.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks.api import Failed, Grader, Passed
from autograder.checks.causes import Cause
from autograder.checks.curves import evidence_of, wrong_digits
from autograder.checks.severed import where_made, where_model_severed
from autograder.checks.slow import slow_line
from autograder.checks.steps import held_out
from autograder.checks.training import (
    Features,
    Training,
    build_model,
    hyperparameters,
    model_answers_pace,
    train,
    train_frozen,
)
from autograder.sandbox import SandboxError, WorkerTimeout
from autograder.words import _

if TYPE_CHECKING:
    from autograder.sandbox import Array

_LEAST_MOVE = 3e-4
_IDLE = 0.7  # one class predicted for all would agree with a good model on a tenth
_CHANCE = 0.4
"""What no model knows that has not been trained: of ten digits, drawn weights get a tenth right, seldom a quarter."""

_CLOSE = 0.02
"""So near to what is asked for, F1 is the median over all seeds."""

_FAR_OFF_HE = 2.0


def model_learns(grader: Grader, features: Features) -> Passed:
    """Raise Failed unless every Tensor is a parameter that gets a gradient and moves, and the loss falls."""
    seed = grader.assignment.training.seeds[0]
    run = _trained(grader, features, seed, twin=True)
    warnings = _initialisation(run)
    evidence = evidence_of(run) | {"warnings": warnings}
    _all_are_registered(grader, run, features, evidence)
    _gradients_arrive(grader, run, evidence)
    _losses_are_finite(run, evidence)
    _knew_nothing(run, evidence)
    _all_moved(run, evidence)
    start, end = _loss_fell(grader, run, evidence)
    _features_are_used(run, features, evidence)
    message = _(
        "All {count} parameters get a gradient and move; the loss fell from {start:.3f} to {end:.3f} in {iterations} "
        "iterations ({pace:.3g} a second).",
        count=len(run.moved),
        start=start,
        end=end,
        iterations=len(run.losses),
        pace=run.pace,
    )
    message += " " + (_too_slow(grader, run) if run.stopped else _beats_frozen(grader, run, features, seed, evidence))
    return Passed(" ".join([message, *warnings]), evidence)


def model_reaches_f1(grader: Grader, features: Features) -> Passed:
    """Raise Failed unless macro and micro F1 on held-out digits reach what the assignment asks for.

    One seed decides where it is clear; near the threshold, the median over all of them. The seeds are the
    assignment's, whatever the seed of the run: the same hand-in gets the same F1 every time.
    """
    from sklearn.metrics import confusion_matrix  # here, for it takes most of a second to import

    settings = grader.assignment.training
    wanted, labels = settings.f1, held_out().y
    run = _trained(grader, features, settings.seeds[0])
    if len(run.logits) < len(labels):
        raise Failed(
            _(
                "Expected logits for {count} held-out digits, got {done} in {seconds:g} seconds.",
                count=len(labels),
                done=len(run.logits),
                seconds=settings.seconds,
            )
            + f" {_too_slow(grader, run)}",
            hint=_("Let NumPy work on whole arrays: a loop over images and pixels is a hundred times slower."),
            cause=Cause.TOO_SLOW,
        )
    _knew_nothing(run, {})
    scores = [_f1(labels, run)]
    if not run.stopped and abs(min(scores[0]) - wanted) < _CLOSE:
        scores += [_f1(labels, train(grader, features, seed)) for seed in settings.seeds[1:]]
    macro, micro = sorted(scores, key=min)[len(scores) // 2]
    evidence = {
        "macro_f1": macro,
        "micro_f1": micro,
        "wanted": wanted,
        "seeds": list(settings.seeds[: len(scores)]),
        "f1": [list(score) for score in scores],
        "confusion_matrix": confusion_matrix(labels, run.logits.argmax(axis=1), labels=range(10)).tolist(),
        "wrong_digits": wrong_digits(run),
    }
    reached = _(
        "Macro F1 {macro:.4f} and micro F1 {micro:.4f} on {count} held-out digits.",
        macro=macro,
        micro=micro,
        count=len(labels),
    )
    if len(scores) > 1:
        reached += " " + _(
            "That is near what was asked for, so it is the median of {count} trainings, which reached {scores}.",
            count=len(scores),
            scores=", ".join(f"{min(score):.4f}" for score in scores),
        )
    if min(macro, micro) >= wanted:
        return Passed(reached + " " + _("{wanted} was asked for.", wanted=wanted), evidence)
    expected = _("Expected both F1 scores to be at least {wanted} after training.", wanted=wanted)
    if run.stopped:
        raise Failed(
            f"{expected} {reached} {_too_slow(grader, run)}",
            hint=_("Let NumPy work on whole arrays: a loop over images and pixels is a hundred times slower."),
            cause=Cause.TOO_SLOW,
            evidence=evidence,
        )
    softmax = (run.logits >= 0).all() and np.allclose(run.logits.sum(axis=1), 1, rtol=0, atol=1e-3)
    raise Failed(
        f"{expected} {reached}",
        hint=_("What the model returns sums to 1 for each image: leave out softmax, which the loss contains.")
        if softmax
        else _("More ITERATIONS, another LEARNING_RATE; and see whether the model learns at all (the check above)."),
        cause=Cause.F1_TOO_LOW,
        evidence=evidence,
    )


def _f1(labels: Array, run: Training) -> tuple[float, float]:
    """Return macro and micro F1."""
    from sklearn.metrics import f1_score

    if not np.isfinite(run.logits).all():
        raise Failed(
            _("MNISTClassificationModel: expected finite logits after training, got NaN or infinity."),
            hint=_(
                "Lower LEARNING_RATE (now {rate:g}); the check above says where the loss left off.",
                rate=run.settings.learning_rate,
            ),
            cause=Cause.DIVERGED,
        )
    predicted = run.logits.argmax(axis=1)
    macro, micro = (float(f1_score(labels, predicted, average=a)) for a in ("macro", "micro"))
    return macro, micro


def _all_are_registered(grader: Grader, run: Training, features: Features, evidence: dict[str, Any]) -> None:
    shapes = {t.path: t.shape for t in run.tensors}
    floats = [t for t in run.tensors if t.dtype.startswith("float")]
    if not any(features.among(t) for t in floats):
        raise Failed(
            _(
                "MNISTClassificationModel: expected it to hold {features}, found {shapes}.",
                features=_(features.name),
                shapes=shapes,
            ),
            hint=_("Build the model from your own layers, each on an attribute (or in nn.Sequential)."),
            cause=Cause.FEATURES_UNUSED,
            evidence=evidence,
        )
    # A plain Tensor of numbers that are no weights, such as the mean of the images, is nobody's fault.
    loose = [t for t in floats if not t.registered and (t.kind == "Parameter" or len(t.shape) > 1)]
    if loose:
        raise Failed(
            _(
                "MNISTClassificationModel: expected every Tensor of the model among model.parameters(), but these are "
                "not ({kind}), so training leaves them as they were drawn: {names}. F1 can reach 0.9 all the same: "
                "the linear layers learn to read random features.",
                kind=_("plain Tensors")
                if all(t.kind == "Tensor" for t in loose)
                else _("not on attributes of their own"),
                names=", ".join(f"`{t.path}` {t.shape}" for t in loose),
            )
            + where_made(grader.session, [t.path for t in loose]),
            hint=_(
                "Keep layers on attributes of their own, or in nn.Sequential or nn.ModuleList: no list or dict is "
                "searched."
            )
            if all(t.kind == "Parameter" and "]." in t.path for t in loose)
            else _("Make each an nn.Parameter on an attribute of its module, not in a plain list or dict."),
            cause=Cause.UNREGISTERED,
            evidence=evidence,
        )


def _gradients_arrive(grader: Grader, run: Training, evidence: dict[str, Any]) -> None:
    shapes = {t.path: t.shape for t in run.tensors}
    zeros = [path for path, largest in run.arrived.items() if largest == 0]
    missing = [path for path, largest in run.arrived.items() if largest is None]
    if zeros and not missing:
        raise Failed(
            _(
                "MNISTClassificationModel: expected a gradient at every parameter, but only zeros arrived at {names}, "
                "so training leaves them as they were drawn.",
                names=", ".join(f"`{path}` {shapes[path]}" for path in zeros),
            ),
            hint=_(
                "Do all weights start at zero, so that nothing tells them apart? Do units stay at zero behind ReLU? "
                "Draw weights with nn.Parameter.new. Or does a rule return zeros?"
            ),
            cause=Cause.ZERO_GRADIENT,
            evidence=evidence,
        )
    if missing:
        model = build_model(grader, grader.assignment.training.seeds[0])
        where = where_model_severed(grader.session, model.id, held_out().x, missing)
        raise Failed(
            _(
                "MNISTClassificationModel: expected a gradient at every parameter, but none arrived at {names}, so "
                "training leaves them as they were drawn. F1 can reach 0.9 all the same: the linear layers learn to "
                "read random features.",
                names=", ".join(f"`{path}` {shapes[path]}" for path in missing),
            )
            + ("" if where is None else where.said),
            hint=_(
                "The graph is cut in the layer that owns them, or in a later one: reading `.arr` and building a new "
                "Tensor from the result loses it. The gradient checks of the layers say where."
            )
            if where is None
            else where.hint,
            cause=Cause.SEVERED,
            evidence=evidence,
        )


def _losses_are_finite(run: Training, evidence: dict[str, Any]) -> None:
    if np.isfinite(run.losses).all():
        return
    first = int(np.argmin(np.isfinite(run.losses)))
    raise Failed(
        _(
            "MNISTClassificationModel: expected finite losses, got {loss} at iteration {iteration} of {count}.",
            loss=run.losses[first],
            iteration=first + 1,
            count=len(run.losses),
        ),
        hint=_(
            "Lower LEARNING_RATE (now {rate:g}), and start from smaller weights: nn.Parameter.new.",
            rate=run.settings.learning_rate,
        ),
        cause=Cause.DIVERGED,
        evidence=evidence,
    )


def _knew_nothing(run: Training, evidence: dict[str, Any]) -> None:
    """Raise Failed unless all that it knows was learned, and is in its parameters."""
    before, reset = (_share_right(logits) for logits in (run.before, run.reset))
    evidence |= {"right_before_training": before, "right_with_parameters_reset": reset}
    if before > _CHANCE:
        raise Failed(
            _(
                "MNISTClassificationModel: expected it to know about a tenth of the digits before training, but it "
                "knows {right:.0%}: its weights were not drawn at random.",
                right=before,
            ),
            hint=_("Draw the initial weights with nn.Parameter.new, and let training do the rest."),
            cause=Cause.KNOWS_BEFORE_TRAINING,
            evidence=evidence,
        )
    if reset > _CHANCE:
        raise Failed(
            _(
                "MNISTClassificationModel: expected what it has learned to be in its parameters, but with all of these "
                "put back to what they were before training, it still knows {right:.0%} of the digits.",
                right=reset,
            ),
            hint=_("Compute predictions from the parameters and the images alone."),
            cause=Cause.KNOWS_BEFORE_TRAINING,
            evidence=evidence,
        )


def _share_right(logits: Array) -> float:
    return float((logits.argmax(axis=1) == held_out().y[: len(logits)]).mean())


def _all_moved(run: Training, evidence: dict[str, Any]) -> None:
    # What is not a number is no distance.
    still = {p: d for p, d in run.moved.items() if not d >= (_LEAST_MOVE if p in run.features else 1e-12)}
    if still:
        told = ", ".join(_("`{path}` moved by {share:.2g} of its size", path=p, share=d) for p, d in still.items())
        raise Failed(
            _(
                "MNISTClassificationModel: expected training to move every parameter (the layers' own by at least "
                "{least:g} of their size), but {told}.",
                least=_LEAST_MOVE,
                told=told,
            ),
            hint=_("Is it replaced, or reset, in forward? Create parameters in __init__ only."),
            cause=Cause.DID_NOT_MOVE,
            evidence=evidence,
        )


def _loss_fell(grader: Grader, run: Training, evidence: dict[str, Any]) -> tuple[float, float]:
    """Return the losses at the start and at the end; raise Failed unless training lowered it."""
    tenth = max(1, len(run.losses) // 10)
    start, end = (float(np.mean(part)) for part in (run.losses[:tenth], run.losses[-tenth:]))
    guessing = math.log(10)
    if end < start and end < 0.9 * guessing:
        return start, end
    message = _(
        "MNISTClassificationModel: every parameter gets a gradient and moves, but the loss went from {start:.4f} to "
        "{end:.4f} (means of the first and the last {tenth} iterations). Expected it to fall, and well below ln(10) = "
        "{guessing:.4f}, the loss of guessing.",
        start=start,
        end=end,
        tenth=tenth,
        guessing=guessing,
    )
    raise Failed(
        f"{message} {_too_slow(grader, run)}" if run.stopped else message,
        hint=_("Let NumPy work on whole arrays: a loop over images and pixels is a hundred times slower.")
        if run.stopped
        else _(
            "Try a smaller or a larger LEARNING_RATE (now {rate:g}), and more ITERATIONS (now {count}).",
            rate=run.settings.learning_rate,
            count=run.settings.iterations,
        ),
        cause=Cause.TOO_SLOW if run.stopped else Cause.LOSS_DOES_NOT_FALL,
        evidence=evidence,
    )


def _features_are_used(run: Training, features: Features, evidence: dict[str, Any]) -> None:
    count = min(len(run.logits), len(run.without))
    idle = float((run.logits.argmax(1)[:count] == run.without.argmax(1)[:count]).mean())
    evidence["same_predictions_without"] = idle
    if idle > _IDLE:
        raise Failed(
            _(
                "MNISTClassificationModel: expected its predictions to depend on its {features}, but with all of these "
                "set to zero it still predicts the same digit for {idle:.0%} of the images.",
                features=_(features.name),
                idle=idle,
            ),
            hint=_("Pass the images through your own layers, and only what comes out of them to the linear layers."),
            cause=Cause.FEATURES_UNUSED,
            evidence=evidence,
        )


def _beats_frozen(grader: Grader, run: Training, features: Features, seed: int, evidence: dict[str, Any]) -> str:
    """Say how the model compares with the same one whose features stayed as they were drawn."""
    logits = train_frozen(grader, run, seed)
    name = _(features.name)
    if logits is None:
        return _("(Not compared with frozen {features}: that would take too long.)", features=name)
    labels = held_out().y
    trained, frozen = (float((a.argmax(axis=1) == labels[: len(a)]).mean()) for a in (run.logits, logits))
    evidence["accuracy"] = {"trained": trained, "frozen": frozen}
    if trained > frozen:
        return _(
            "It knows {trained:.1%} of the held-out digits; with its {features} frozen as drawn, {frozen:.1%}.",
            trained=trained,
            frozen=frozen,
            features=name,
        )
    return _(
        "Warning: it does not beat the same model with its {features} frozen as they were drawn: {trained:.1%} of the "
        "held-out digits against {frozen:.1%}. What they learn does not help yet.",
        trained=trained,
        frozen=frozen,
        features=name,
    )


def _initialisation(run: Training) -> list[str]:
    """Warn of initial weights that are all positive, or far larger or smaller than He's."""
    warnings = []
    for path, w in run.initial.items():
        fan_in = math.prod(w.shape[1:]) if w.ndim == 4 else w.shape[0]
        he, std = math.sqrt(2 / fan_in), float(w.std())
        if w.size < 9 or w.ndim < 2:
            continue
        if w.min() >= 0 and w.max() > 0:
            warnings.append(
                _(
                    "Warning: `{path}` starts with positive values only ({low:.3g} to {high:.3g}), as from rand "
                    "instead of randn: every feature then points the same way. Draw around zero.",
                    path=path,
                    low=float(w.min()),
                    high=float(w.max()),
                )
            )
        elif not he / _FAR_OFF_HE <= std <= he * _FAR_OFF_HE:
            warnings.append(
                _(
                    "Warning: `{path}` starts with a standard deviation of {std:.3g}, {ratio:.2g} times He's "
                    "sqrt(2 / {fan_in}) = {he:.3g}. Use nn.Parameter.new.",
                    path=path,
                    std=std,
                    ratio=std / he,
                    fan_in=fan_in,
                    he=he,
                )
            )
    return warnings


def _too_slow(grader: Grader, run: Training) -> str:
    """Say how far training came, how fast the model answer is, and where the time goes."""
    told = _(
        "Training did {done} of {count} iterations in {seconds:.0f} seconds, {pace:.2g} a second.",
        done=len(run.losses),
        count=run.settings.iterations,
        seconds=run.seconds,
        pace=run.pace,
    )
    return f"{told} {_beside_the_model_answer(grader)}".strip()


def _trained(grader: Grader, features: Features, seed: int, *, twin: bool = False) -> Training:
    """Train; if not even that comes to an end, say where the time goes."""
    try:
        return train(grader, features, seed, twin=twin)
    except WorkerTimeout as error:
        if told := _beside_the_model_answer(grader):
            error.add_note(told)
        raise


def _beside_the_model_answer(grader: Grader) -> str:
    """Say how fast the model answer trains here, and which line of the hand-in takes the time."""

    def say() -> str:
        batch_size = hyperparameters(grader).batch_size
        pace, told = model_answers_pace(grader, batch_size), []
        if pace is not None:
            told.append(_("The model answer does {pace:.2g} iterations a second on this machine.", pace=pace))
        try:
            model = build_model(grader, grader.assignment.training.seeds[0])
        except SandboxError:
            return " ".join(told)
        if line := slow_line(grader.session, model.id, [held_out().x[:2]]):
            told.append(line)
        return " ".join(told)

    return grader.once("beside the model answer", say)
