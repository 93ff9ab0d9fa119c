"""No hostile hand-in gains a point, changes another's score, leaves anything behind, or stops the run."""

from __future__ import annotations

import os
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

import pytest

from autograder.sandbox import available_tiers
from autograder.verdict import Status
from tests.autograder.light import SOLUTION
from tests.hostile.effects import surroundings, workers
from tests.hostile.suite import FORMS, TIERS, Host, attacks, faults, grade, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.effects import Surroundings
    from tests.hostile.suite import Attack

pytestmark = pytest.mark.skipif(os.name != "posix", reason="attacks a POSIX system")

STRONGEST, *WEAKER = [tier.name for tier in available_tiers() if tier.name in TIERS] or ["process"]
WITNESS = Host("", ("conv2d.forward", "conv2d.grad_weight", "model.f1", "types.strict"), assignment="cnn", seconds=60)
"""A right hand-in is graded before and after all attacks, in the process that grades them."""

ONE_OF_EACH = {(a.folder, a.effect.effect): a for a in attacks() if a.effect is not None}.values()
"""Of each class one attack for each kind of effect; `python -m tests.hostile --tier` grades all."""


@pytest.fixture(scope="session")
def around() -> Iterator[Surroundings]:
    resource_tracker.ensure_running()  # a process that multiprocessing starts for the first pool, and keeps
    before, started = judged(), set(workers())
    with surroundings() as made:
        yield made
    assert judged() == before
    assert set(workers()) <= started


def judged() -> list[object]:
    """Grade the witness; return all that a student is told, but for times."""
    result = grade(SOLUTION, WITNESS, STRONGEST)
    assert [c.status for c in result.checks] == [Status.PASSED] * len(WITNESS.checks), result.to_json().decode()
    timed = {"iterations_per_second"}
    return [(c.id, c.message, {k: v for k, v in c.evidence.items() if k not in timed}) for c in result.checks]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.name)
def test_an_attack_gains_nothing_and_reaches_nothing_on_the_strongest_tier(
    attack: Attack, form: str, around: Surroundings
) -> None:
    wrong = faults(attack, "bare" if form == "bare" else "combined", STRONGEST, around)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("tier", WEAKER)
@pytest.mark.parametrize("attack", ONE_OF_EACH, ids=lambda attack: attack.name)
def test_a_weaker_tier_stops_what_the_table_says_and_no_more(attack: Attack, tier: str, around: Surroundings) -> None:
    wrong = faults(attack, "bare", tier, around)
    assert not wrong, "\n".join(wrong)


def test_the_suite_is_large_and_has_attacks_of_every_class() -> None:
    assert len(attacks()) >= 60
    assert {attack.folder for attack in attacks()} == set(manifest().classes)
    assert {attack.name for attack in attacks()} >= set(manifest().effect)
    assert all(set(effect.on) <= set(TIERS) for effect in manifest().effect.values())
