"""Lines over training, as paths of an SVG: the loss of each iteration, and F1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.publish.pages.environment import number
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograder.publish.pages.evidence import Learning, Scores

WIDTH, HEIGHT = 360, 200  # as templates/parts.html has them
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 10, 28
_MOST_POINTS = 160


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in the SVG's units, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A line. told: what it shows, in words. path: of the line; dots: where it has single points. wanted: a level."""

    name: str
    told: str
    path: str
    dots: tuple[tuple[float, float], ...]
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    wanted: Tick | None = None


def loss_chart(learning: Learning) -> Chart:
    """Draw the losses; of many iterations, the mean of each few."""
    losses = [float(loss) for loss in learning.losses]
    finite = [loss for loss in losses if math.isfinite(loss)]
    told = _("Of {count} iterations, none had a finite loss.", count=len(losses))
    if finite:
        told = _(
            "The loss went from {first} to {last} in {count} iterations; the least was {least}.",
            first=number(losses[0]),
            last=number(losses[-1]),
            count=len(losses),
            least=number(min(finite)),
        )
    bad = next((i for i, loss in enumerate(losses, 1) if not math.isfinite(loss)), None)
    if bad is not None:
        told += " " + _("At iteration {iteration} it was no finite number.", iteration=bad)
    return _chart(_("Loss"), told, list(_means(losses)), (len(losses), max(finite, default=1.0)))


def f1_chart(learning: Learning, scores: Scores | None) -> Chart | None:
    """Draw macro F1 over training; None if it was not looked at."""
    points = [(float(i), f1) for i, f1 in learning.f1_over_training if math.isfinite(f1)]
    if not points:
        return None
    told = _(
        "Macro F1 on some of the held-out digits went from {first} to {last}.",
        first=number(points[0][1]),
        last=number(points[-1][1]),
    )
    return _chart(_("Macro F1"), told, points, (points[-1][0], 1.0), scores.wanted if scores else None, dots=True)


def _means(losses: Sequence[float]) -> Iterable[tuple[float, float]]:
    """Yield points (iteration, loss): all, or the mean of each few."""
    few = math.ceil(len(losses) / _MOST_POINTS) or 1
    for start in range(0, len(losses), few):
        part = losses[start : start + few]
        yield start + (len(part) + 1) / 2, sum(part) / len(part)


def _chart(
    name: str,
    told: str,
    points: Sequence[tuple[float, float]],
    most: tuple[float, float],
    wanted: float | None = None,
    *,
    dots: bool = False,
) -> Chart:
    """Draw a line. most: the largest x and y."""
    end, top = (value or 1.0 for value in most)
    y_ticks = _ticks(top)

    def at_x(x: float) -> float:
        return round(LEFT + x / end * (WIDTH - LEFT - RIGHT), 1)

    def at_y(y: float) -> float:
        return round(HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM), 1)

    path, pen = [], "M"
    for x, y in points:
        if math.isfinite(y):
            path.append(f"{pen}{at_x(x)} {at_y(y)}")
        pen = "L" if math.isfinite(y) else "M"
    return Chart(
        name,
        told,
        "".join(path),
        tuple((at_x(x), at_y(y)) for x, y in points) if dots else (),
        tuple(Tick(at_x(x), f"{x:g}") for x in _ticks(end)),
        tuple(Tick(at_y(y), f"{y:g}") for y in y_ticks),
        None if wanted is None else Tick(at_y(wanted), f"{wanted:g}"),
    )


def _ticks(top: float) -> list[float]:
    """Return round numbers from 0 up to `top`, about five."""
    if not top > 0 or not math.isfinite(top):
        return [0.0]
    magnitude: float = 10.0 ** math.floor(math.log10(top / 4))
    step = next((m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude * 5 >= top), 10 * magnitude)
    return [round(i * step, 12) for i in range(int(top / step + 1e-9) + 1)]
