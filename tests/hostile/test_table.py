"""docs/sandbox.md has the tables as the suite declares them; the tests of the suite see that they are so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.table import classes, table

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


@pytest.mark.parametrize("made", [table, classes], ids=["tiers", "classes"])
def test_the_page_has_the_table_as_declared(made: object) -> None:
    assert callable(made)
    assert f"\n{made()}\n" in PAGE.read_text("utf-8"), f"docs/sandbox.md: put this in place of its table:\n{made()}"
