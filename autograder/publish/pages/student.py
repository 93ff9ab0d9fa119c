"""A student's page: one file that needs no network and runs nothing. The instructor's page of a hand-in is the same,
with what a student does not see.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from autograder.publish.console import STATUS_NAMES
from autograder.publish.pages import charts, images
from autograder.publish.pages.environment import render
from autograder.publish.pages.evidence import Fact, Filters, Learning, Scores, facts, first, mismatches
from autograder.publish.pages.heatmap import Heatmaps, heatmaps
from autograder.publish.pages.source import lines_of, listing
from autograder.publish.pages.story import by_whom, set_points, story
from autograder.verdict import Status
from autograder.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.gradebook.view import Row, Scored
    from autograder.publish.pages.charts import Chart
    from autograder.verdict import CheckResult, SubmissionResult

KINDS = {Status.PASSED: "good", Status.SKIPPED: "quiet", Status.GRADER_FAULT: "fault"}
"""Classes of the style sheet for verdicts; `bad` for all others."""

_STAGES = {
    "start": N_("start of the worker"),
    "training": N_("training"),
    "hand_in": N_("the hand-in's code, training included"),
    "total": N_("all"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A check as a page shows it. open: whether it says more than its verdict. decided: what a person set, and why."""

    check: CheckResult
    kind: str
    status: str
    open: bool
    facts: Sequence[Fact]
    heatmaps: Sequence[Heatmaps]
    lines: Sequence[int]
    command: str
    points: float
    decided: str


@dataclass(frozen=True, slots=True)
class Planes:
    """A weight before and after training. pairs: pictures of each plane."""

    path: str
    shape: str
    pairs: Sequence[tuple[str, str]]
    wide: bool


@dataclass(frozen=True, slots=True)
class Digit:
    """A held-out digit that the model got wrong."""

    index: int
    label: int
    predicted: int
    picture: str


@dataclass(frozen=True, slots=True)
class Training:
    """What there is to show of a training. matrix: the confusion matrix, with a shade for each entry."""

    charts: Sequence[Chart]
    planes: Planes | None
    scores: Scores | None
    matrix: Sequence[Sequence[tuple[int, str]]]
    digits: Sequence[Digit]


def student_page(result: SubmissionResult, source: str, *, row: Row | None = None, command: str = "") -> str:
    """Return the page of one hand-in, as HTML, in the language of the run.

    row: the student's line of the gradebook, for what lateness and people did to the score; None on a student's own
    machine. command: the assignment, as commands name it. Of a hidden check, a student sees title, verdict and points.
    """
    return hand_in_page(result, source, row=row, attempt=row.counts if row else None, command=command)


def hand_in_page(
    result: SubmissionResult,
    source: str,
    *,
    row: Row | None = None,
    attempt: Scored | None = None,
    command: str = "",
    everything: bool = False,
) -> str:
    """Return the page of one attempt. everything: also what hidden checks found, and the grader's own tracebacks."""
    if not everything:
        result = msgspec.structs.replace(result, checks=tuple(map(_told, result.checks)))
    decided = set_points(row, attempt)
    cards = []
    for c in result.checks:
        entry = decided.get(c.id)
        cards.append(
            Card(
                c,
                KINDS.get(c.status, "bad"),
                _(STATUS_NAMES[c.status]),
                everything or c.visibility != "hidden",
                facts(c.evidence, everything=everything),
                [drawn for m in mismatches(c.evidence) if (drawn := heatmaps(m)) is not None],
                lines_of(c),
                _reproduce(c, result, command or result.assignment),
                c.score if entry is None or entry.points is None else entry.points,
                by_whom(entry, row) if entry else "",
            )
        )
    return render(
        "student.html",
        result=result,
        row=row,
        number=attempt.number if attempt else 0,
        story=story(row, attempt) if row else None,
        cards=cards,
        passed=sum(c.status is Status.PASSED for c in result.checks),
        source=listing(source, result.checks),
        stages={_(name): result.timing[key] for key, name in _STAGES.items() if key in result.timing},
        everything=everything,
        training=_training(result.checks),
    )


def _told(check: CheckResult) -> CheckResult:
    """Return what a student sees of a check."""
    if check.visibility != "hidden":
        return check
    return msgspec.structs.replace(check, message="", hint="", evidence={})


def _training(checks: Sequence[CheckResult]) -> Training:
    evidence = [c.evidence for c in checks]
    learning, scores = first(evidence, Learning), first(evidence, Scores)
    filters = first([e.get("filters") for e in evidence], Filters)
    drawn = (charts.loss_chart(learning), charts.f1_chart(learning, scores)) if learning else ()
    return Training(
        [chart for chart in drawn if chart is not None],
        _planes(filters) if filters else None,
        scores,
        _matrix(scores) if scores else [],
        _digits(scores) if scores else [],
    )


def _planes(filters: Filters) -> Planes:
    before, after = images.planes(filters.before, filters.after)
    return Planes(
        filters.path,
        " x ".join(map(str, filters.shape)),
        list(zip(before, after, strict=False)),
        wide=len(filters.shape) == 2,
    )


def _matrix(scores: Scores) -> list[list[tuple[int, str]]]:
    """Shade each entry by its share of the row."""
    return [
        [(count, _shade(count, sum(row), right=i == j)) for j, count in enumerate(row)]
        for i, row in enumerate(scores.confusion_matrix)
    ]


def _shade(count: int, of: int, *, right: bool) -> str:
    step = -(-5 * count // of) if of else 0
    return f"{'r' if right else 'w'}{step}" if step else "z"


def _digits(scores: Scores) -> list[Digit]:
    found = ((index, label, predicted, images.digit(index)) for index, label, predicted in scores.wrong_digits)
    return [Digit(index, label, predicted, picture) for index, label, predicted, picture in found if picture]


def _reproduce(check: CheckResult, result: SubmissionResult, assignment: str) -> str:
    """Return the command that runs a check again, with the same random values."""
    return shlex.join(
        ["autograder", "check", assignment, "assignment.py", "--only", check.id, "--seed", str(result.seed)]
    )
