"""Late hand-ins: how many days late one is, and what that costs. Pure functions of times and of a policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]


class LatePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When an assignment is due, and what being late costs.

    deadline: aware; its time zone says where a day ends. grace_minutes: after the deadline, and after each day's end.
    penalty_percent: of the maximum score, for each day that has begun. cap_percent: the most that lateness costs.
    """

    deadline: datetime
    grace_minutes: float = 0.0
    penalty_percent: float = 0.0
    cap_percent: float = 100.0

    def due(self, extension: datetime | None = None) -> datetime:
        """Return the deadline of someone with this extension, in the time zone of the policy."""
        return self.deadline if extension is None else extension.astimezone(self.deadline.tzinfo)

    def days_late(self, submitted_at: datetime, extension: datetime | None = None) -> int:
        """Count the days that have begun since the deadline: 0 up to it and its grace, and to the second.

        A day ends when the clocks of the deadline's time zone show the deadline's time again, so that one on which they
        change has 23 or 25 hours.
        """
        due, grace = self.due(extension), timedelta(minutes=self.grace_minutes)
        days = max((submitted_at - instant(due)) // timedelta(days=1) - 1, 0)
        while submitted_at > _days_after(due, days) + grace:
            days += 1
        return days

    def penalty(self, days: int, max_score: float) -> float:
        """Return the points that so many days late cost."""
        return max_score * min(days * self.penalty_percent, self.cap_percent) / 100

    def best_use(self, days: int, available: int, score: float, max_score: float) -> tuple[int, float]:
        """Return how many late days to use, of those available, and the penalty that is left.

        As many as raise the score most, and no more: none where a score of 0 or the cap makes them useless.
        """

        def left(used: int) -> float:
            return min(self.penalty(days - used, max_score), score)

        used = min(range(min(days, available) + 1), key=lambda n: (left(n), n))
        return used, left(used)


class Lateness(StrEnum):
    """What is known of when an attempt came."""

    NO_DEADLINE = "no_deadline"
    ON_TIME = "on_time"
    LATE = "late"
    UNKNOWN = "unknown"
    """The system that it comes from marked it late, and does not tell the time: somebody has to say how late."""


class Late(NamedTuple):
    """How late an attempt is, and what of it counts.

    days: begun since `due`. late_days: of the student's own, used. penalty: in points. decided: somebody said `days`.
    """

    state: Lateness = Lateness.NO_DEADLINE
    due: datetime | None = None
    days: int = 0
    late_days: int = 0
    penalty: float = 0.0
    decided: bool = False


def local_deadline(wall: datetime, zone: tzinfo) -> datetime:
    """Return the deadline that a clock on the wall of a time zone shows; the later one, where it shows it twice.

    Where the clocks skip it, as they go forward, it is the time that they would show had they not yet.
    """
    return max((wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1)), key=instant)


def instant(time: datetime) -> datetime:
    """Return an aware time in UTC, where differences are what a stopwatch shows."""
    return time.astimezone(UTC)


def _days_after(due: datetime, days: int) -> datetime:
    """Return, in UTC, when the clocks of its time zone show the time of `due` again, so many days later."""
    if days == 0 or due.tzinfo is None:
        return instant(due)
    return instant(local_deadline(due.replace(tzinfo=None) + timedelta(days=days), due.tzinfo))
