"""The checks of part 5, the questions, which no released kit has: else one could try answers until they pass.

What is right comes from the library: its engine runs the programs of the questions (`answers.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograder.checks import Cause, Failed, Grader, Passed, check
from autograder.checks.beside import beside
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

answers: Any = beside(__file__, "answers")


def _answers_are_right(grader: Grader, right: Mapping[str, str | int | float], places: float = 1e-9) -> Passed:
    """Raise Failed unless the hand-in's constants are what the engine answered. places: how far a number may be off."""
    given = grader.session.constants(list(right))
    missing = [  # the stub has "?", -1 and NaN, which does not cross and is None here
        name for name, answer in given.items() if answer in (None, "?") or (answer, type(right[name])) == (-1, int)
    ]
    wrong = [name for name, answer in given.items() if name not in missing and not _agrees(answer, right[name], places)]
    if not wrong and not missing:
        return Passed(_("All {count} answers are what the engine says.", count=len(right)))
    start = _("{right} of {count} answers are right.", right=len(right) - len(wrong) - len(missing), count=len(right))
    if wrong:
        raise Failed(
            start + " " + _("The engine says something else than {names}.", names=", ".join(wrong)),
            hint=_("Run the program of README.md in a Python prompt, and look at what it holds. Then find out why."),
            cause=Cause.WRONG_ANSWER,
            evidence={"wrong": wrong, "missing": missing},
        )
    raise Failed(
        start + " " + _("Not answered yet: {names}.", names=", ".join(missing)),
        hint=_("README.md, part 5, asks the questions."),
        cause=Cause.UNANSWERED,
        evidence={"missing": missing},
    )


def _agrees(answer: object, right: str | int | float, places: float) -> bool:
    if isinstance(right, str):
        return isinstance(answer, str) and answer.replace(",", " ").split() == right.replace(",", " ").split()
    return isinstance(answer, int | float) and not isinstance(answer, bool) and abs(answer - right) <= places


@check("questions.leaves")
def question_leaves(grader: Grader) -> Passed:
    """Question 1: how the combinations of is_leaf and requires_grad arise."""
    return _answers_are_right(grader, answers.leaves())


@check("questions.node")
def question_node(grader: Grader) -> Passed:
    """Question 2: what a node holds."""
    return _answers_are_right(grader, answers.node())


@check("questions.order")
def question_order(grader: Grader) -> Passed:
    """Question 3: the order of a backward pass."""
    return _answers_are_right(grader, answers.order())


@check("questions.f1")
def question_f1(grader: Grader) -> Passed:
    """Question 4: macro and micro F1."""
    return _answers_are_right(grader, answers.f1(), places=1e-3)


@check("questions.reversed")
def question_reversed(grader: Grader) -> Passed:
    """Question 5: why reversed operators need no rule."""
    return _answers_are_right(grader, answers.reversed_operators())
