"""Tiers: how strongly a worker is held. `strongest_tier` takes the best that a probe shows to work here."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from autograder.sandbox import probe
from autograder.sandbox.bubblewrap import BubblewrapTier
from autograder.sandbox.errors import LaunchError
from autograder.sandbox.landlock import LandlockTier
from autograder.words import _

if TYPE_CHECKING:
    from autograder.sandbox.launch import Launch
    from autograder.sandbox.limits import Limits


class Tier(Protocol):
    """One way to hold a worker. Its name is recorded with each result."""

    @property
    def name(self) -> str:
        """The name in the records, one of TIERS."""

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` with what this tier adds: a wrapper command, variables, resource limits.

        Raises LaunchError if this machine lacks what it takes.
        """


class LimitsTier:
    """A process with resource limits, which the worker sets on itself before it reads the hand-in.

    Setting them there, and not between fork and exec, keeps the parent free to have threads.
    """

    name = "limits"
    stops = frozenset({"large", "open", "allocate"})

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` with limits on memory, CPU time, core dumps, and the size and number of files."""
        return replace(launch, rlimits=limits.rlimits)


class ProcessTier:
    """A process of its own, and nothing more. The parent still watches time and memory."""

    name = "process"
    stops = frozenset[str]()

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        """Return `launch` as it is."""
        return launch


_ALL = (BubblewrapTier(), LandlockTier(), LimitsTier(), ProcessTier())
TIERS = tuple(tier.name for tier in _ALL)
"""The names of all tiers, strongest first."""


def available_tiers() -> tuple[Tier, ...]:
    """Return the tiers that work on this machine, strongest first. Each is probed once in this process."""
    return tuple(tier for tier in _ALL if not why_not(tier.name))


def strongest_tier() -> Tier:
    """Return the strongest tier that works on this machine."""
    return next(tier for tier in _ALL if tier.name == "process" or not why_not(tier.name))


def tier_named(name: str) -> Tier:
    """Return that tier. Raises LaunchError, with what the probe said, if it does not work here, or ValueError."""
    if why := why_not(name):
        raise LaunchError(_("sandbox: the tier {name} does not work on this machine: {why}.", name=name, why=why))
    return _ALL[TIERS.index(name)]


def weaker(name: str, least: str) -> bool:
    """Whether the tier `name` holds a worker less strongly than the tier `least` does."""
    return TIERS.index(name) > TIERS.index(least)


@functools.cache
def why_not(name: str) -> str:
    """Return why that tier does not work on this machine; nothing if it does. Raises ValueError for no tier."""
    if name not in TIERS:
        raise ValueError(f"sandbox: expected one of the tiers {', '.join(TIERS)}, got {name!r}.")
    tier = _ALL[TIERS.index(name)]
    return probe.why_not(tier, tier.stops)
