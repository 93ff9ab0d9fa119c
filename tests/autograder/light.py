"""Hand-ins for tests that need one: those of the CNN's bank, by name."""

from __future__ import annotations

from pathlib import Path

from autograder.bank import load_bank

ROOT = Path(__file__).parents[2]
BANK = load_bank(ROOT / "tests" / "submissions" / "cnn")
SOURCES = {hand_in.name: hand_in.source for hand_in in BANK.hand_ins}

SOLUTION = SOURCES["the model answer with a light model"]
"""Right, and trained in a second."""
