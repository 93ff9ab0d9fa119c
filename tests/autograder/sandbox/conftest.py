"""Every test of this folder leaves no process and no folder behind."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import psutil
import pytest

from autograder.sandbox import TIERS, Limits, Session, Tier, strongest_tier, tier_named, why_not
from autograder.submission import read_submission

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .helpers import OpenSession


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> Tier:
    """Each tier that works here."""
    return _tier(request.param)


@pytest.fixture(params=["bubblewrap", "landlock"])
def jail(request: pytest.FixtureRequest) -> Tier:
    """Each tier that works here and keeps the hand-in from files, connections and processes."""
    return _tier(request.param)


def _tier(name: str) -> Tier:
    if why := why_not(name):
        pytest.skip(f"{name}: {why}")
    return tier_named(name)


@pytest.fixture
def scratch_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that workers' own folders are made in."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def open_session(tmp_path: Path, scratch_parent: Path) -> Iterator[OpenSession]:
    """A way to open sessions. At the end none of their processes lives, and none of their folders is left."""
    before = set(psutil.Process().children())
    opened: list[Session] = []

    def open_one(
        source: str,
        *,
        limits: Limits | None = None,
        tier: Tier | None = None,
        load: bool = True,
    ) -> Session:
        file = tmp_path / "assignment.py"
        file.write_text(source, encoding="utf-8")
        session = Session(read_submission(file), limits or Limits(), tier or strongest_tier())
        opened.append(session)
        if load:
            session.load()
        return session

    yield open_one
    for session in opened:
        session.close()
    assert set(psutil.Process().children()) <= before
    assert list(scratch_parent.iterdir()) == []
