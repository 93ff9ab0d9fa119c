"""Attempts over time: how many came on each day, and what each further attempt brought."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.gradebook import Gradebook

_MOST_DAYS = 45


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: what it is of, how many, and its share of the longest, or of all."""

    name: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Nth:
    """The n-th attempts of all students: how many, and what they come to. gain: over the one before, of the same."""

    number: int
    count: int
    median: float | None
    full: int
    gain: float | None


def bars(counts: Sequence[tuple[str, int]], of: int | None = None) -> list[Bar]:
    """Make bars. of: what a whole bar stands for; the largest, if it is not given."""
    whole = max((count for _name, count in counts), default=0) if of is None else of
    return [Bar(name, count, count / whole if whole else 0.0) for name, count in counts]


def per_day(grades: Gradebook) -> list[Bar]:
    """Count attempts by the day that they came on, where the deadline is; by the week, if that is too many days."""
    zone = grades.policy.deadline.tzinfo if grades.policy else UTC
    times = [a.attempt.submitted_at for r in grades.rows for a in r.attempts]
    days = Counter(time.astimezone(zone).date() for time in times if time is not None)
    if not days:
        return []
    first, last = min(days), max(days)
    due = grades.policy.deadline.date() if grades.policy else None
    step = 1 if (last - first).days < _MOST_DAYS else 7
    counts: Counter[date] = Counter()
    for day, count in days.items():
        counts[first + timedelta((day - first).days // step * step)] += count
    spans = range(0, (last - first).days + 1, step)
    far = len(spans) > 2 * _MOST_DAYS  # some date is far from all others: only those that something came on
    shown = sorted(counts) if far else [first + timedelta(n) for n in spans]
    return bars([(_day(day, step, due), counts[day]) for day in shown])


def _day(first: date, step: int, due: date | None) -> str:
    """Name a day, or the week that begins with it, and say if the deadline is on it."""
    name = first.isoformat() if step == 1 else _("week of {day}", day=first.isoformat())
    on_it = due is not None and first <= due < first + timedelta(step)
    return _("{day} (deadline)", day=name) if on_it else name


def by_number(grades: Gradebook) -> list[Nth]:
    """Tell what first, second, ... attempts come to, before lateness."""
    found = []
    for number in range(1, max((len(r.attempts) for r in grades.rows), default=0) + 1):
        those = [r.attempts[number - 1] for r in grades.rows if len(r.attempts) >= number]
        scores = [a.raw for a in those if a.raw is not None]
        gains = [
            a.raw - b.raw
            for r in grades.rows
            if len(r.attempts) >= number > 1
            for b, a in [r.attempts[number - 2 : number]]
            if a.raw is not None and b.raw is not None
        ]
        full = sum(a.raw is not None and a.result is not None and a.raw >= a.result.max_score for a in those)
        found.append(
            Nth(
                number,
                len(those),
                statistics.median(scores) if scores else None,
                full,
                statistics.median(gains) if gains else None,
            )
        )
    return found
