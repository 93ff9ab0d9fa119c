"""Checking the model of a hand-in before it is trained: what it maps images to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograder.checks.api import Failed, Grader, Passed
from autograder.checks.causes import Cause
from autograder.words import _

if TYPE_CHECKING:
    from autograder.sandbox import Built

MODEL = "MNISTClassificationModel"


def maps_images_to_logits(grader: Grader) -> Passed:
    """Raise Failed unless the model maps images (N, 1, 28, 28) to logits (N, 10), each image by itself."""
    session = grader.session
    model = session.build(MODEL, (), seed=grader.child_seed("model"))
    x = grader.rng("model").uniform(0, 1, (5, 1, 28, 28))
    x *= np.array([0.7, 1.0, 0.4, 0.9, 0.6]).reshape(5, 1, 1, 1)  # none alone has the range of all together
    _shake(grader, model)
    logits = session.predict(model.id, x)
    if logits.shape != (5, 10):
        raise Failed(
            _(
                "Expected logits of shape (5, 10) for images of shape {shape}, got {got}.",
                shape=x.shape,
                got=logits.shape,
            ),
            hint=_("The last layer is nn.Linear(..., 10); flatten before it with x.reshape(len(x), -1)."),
            cause=Cause.LOGITS_SHAPE,
            evidence={"expected_shape": [5, 10], "got_shape": list(logits.shape)},
        )
    if not np.isfinite(logits).all():
        raise Failed(
            _("Expected finite logits, got NaN or infinity."),
            hint=_("Is the initial weight too large?"),
            cause=Cause.NOT_FINITE,
        )
    if np.allclose(logits, logits[:1]):
        raise Failed(
            _("Expected different logits for different images, got the same for all."),
            hint=_("Does forward use its input?"),
            cause=Cause.INPUT_IGNORED,
        )
    alone = session.predict(model.id, x[2:3])
    if alone.shape != (1, 10) or not np.allclose(alone[0], logits[2], rtol=1e-3, atol=1e-4):
        raise Failed(
            _("Expected the same logits for an image alone as in a batch of 5, got others."),
            hint=_(
                "Images are mixed up somewhere: look at each reshape that touches the first axis, and transpose before "
                "it where axes must move. Or something is computed of the whole batch, as a mean or a maximum: compute "
                "it of each image by itself."
            ),
            cause=Cause.BATCH_MIXED,
            evidence={"in_batch": logits[2].tolist(), "alone": alone.reshape(-1)[:10].tolist()},
        )
    return Passed(_("Logits of shape (N, 10), finite, and the same for an image alone as in a batch."))


def _shake(grader: Grader, model: Built) -> None:
    """Move every parameter a little: some are zero to begin with, and hide what is before them."""
    rng = grader.rng("shake")
    paths = [t.path for t in model.tensors if t.registered and t.dtype.startswith("float")]
    values = grader.session.read(model.id, paths)
    grader.session.write(model.id, {p: v + 0.05 * rng.standard_normal(v.shape) for p, v in values.items()})
