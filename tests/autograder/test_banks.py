"""Every hand-in of every bank comes out as its bank.toml declares: nothing wrong passes, nothing right fails."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from autograder.assignment import assignment_names
from autograder.bank import NAMED, Bank, HandIn, load_bank, run_hand_in

BANKS = {file.parent.name: load_bank(file.parent) for file in Path(__file__).parents[1].glob("submissions/*/bank.toml")}
AT_LEAST = {"autograd": (6, 40), "cnn": (12, 60), "cuda": (5, 30), "rnn": (8, 30)}
"""How many right hand-ins, and how many wrong ones, a bank must hold."""

HERE = {
    name: pytest.mark.skipif(not all(map(find_spec, bank.assignment.config.packages)), reason="needs other packages")
    for name, bank in BANKS.items()
}


@pytest.mark.parametrize(
    ("bank", "hand_in"),
    [
        pytest.param(bank, h, id=f"{name}: {h.name}", marks=HERE[name])
        for name, bank in sorted(BANKS.items())
        for h in bank.hand_ins
    ],
)
def test_a_hand_in_comes_out_as_declared(bank: Bank, hand_in: HandIn) -> None:
    outcome = run_hand_in(bank.assignment, hand_in)
    assert not outcome.disagreements, "\n".join(
        f"{d.check}: declared: {d.declared}; happened: {d.happened}. {d.message}" for d in outcome.disagreements
    )


def test_every_assignment_has_a_bank() -> None:
    assert sorted(BANKS) == sorted(AT_LEAST) == assignment_names()


@pytest.mark.parametrize("name", sorted(AT_LEAST))
def test_a_bank_is_large_and_leaves_few_causes_open(name: str) -> None:
    wrong = [h for h in BANKS[name].hand_ins if h.fails]
    least_right, least_wrong = AT_LEAST[name]
    assert len(BANKS[name].hand_ins) - len(wrong) >= least_right
    assert len(wrong) >= least_wrong
    assert sum(not h.cause_open for h in wrong) >= NAMED * len(wrong)


@pytest.mark.parametrize("name", sorted(AT_LEAST))
def test_each_check_has_a_wrong_hand_in_that_only_it_catches(name: str) -> None:
    bank = BANKS[name]
    ids = {check.id for check, _ in bank.assignment.checks}
    alone = {h.fails[0] for h in bank.hand_ins if len(h.fails) == 1 and not h.may_fail and set(h.checks) == ids}
    assert not ids - alone
