"""No check lets a mutant of a model answer pass, except those that are as right as it is, each with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.assignment import assignment_names
from tests.mutants import judge as judging
from tests.mutants.judge import judge, task

CHUNKS = 4
"""Parts that run side by side."""

EVERY = 24
"""One mutant of so many is judged here, and all that are explained; `make mutants` judges every one."""


SAMPLED = [name for name in assignment_names() if name != "cuda"]
"""The assignments whose mutants are judged here: on a simulator, they take too long."""


def sample(name: str) -> list[int]:
    """List the mutants that are judged here, the same each time."""
    found = task(name)
    return [i for i, mutant in enumerate(found.mutants) if i % EVERY == 0 or mutant.key in found.reasons]


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_mutant_is_killed_or_explained(name: str, chunk: int) -> None:
    verdicts = [judge(name, i) for i in sample(name)[chunk::CHUNKS]]
    assert verdicts
    surprises = [v.told(task(name).source) for v in verdicts if v.surprise]
    assert not surprises, "\n".join(surprises)


@pytest.mark.parametrize("name", assignment_names())
def test_every_explanation_is_of_a_mutant_that_exists(name: str) -> None:
    assert not task(name).stale


def test_survivors_and_kills_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the check that kills a mutant left out, it survives, and that is a surprise; so is a reason for a kill."""
    whole = task("cnn")
    i = next(i for i, m in enumerate(whole.mutants) if m.mutation == "return (None, dw, db) -> return (None, dw, -db)")
    mutant = whole.mutants[i]
    assert judge("cnn", i).killed == "conv2d.grad_bias"
    assert not judge("cnn", i).surprise
    others = tuple((c, s) for c, s in whole.assignment.checks if c.id != "conv2d.grad_bias")
    lax = replace(whole, assignment=replace(whole.assignment, checks=others))
    monkeypatch.setattr(judging, "task", lambda name: lax)
    assert judge("cnn", i).surprise.startswith("Survived every check")
    claimed = replace(whole, reasons={mutant.key: "none"})
    monkeypatch.setattr(judging, "task", lambda name: claimed)
    assert judge("cnn", i).surprise.startswith("Killed by conv2d.grad_bias, though equivalent.toml")
