"""Late hand-ins: days and penalties, at every edge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from autograder.gradebook.late import LatePolicy, local_deadline

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def due(text: str, zone: ZoneInfo = SEOUL) -> LatePolicy:
    return LatePolicy(deadline=local_deadline(datetime.fromisoformat(text), zone), grace_minutes=10)


PLAIN = due("2026-10-31T23:59:00")
FORWARD = due("2026-03-28T23:30:00", BERLIN)  # the night after, clocks go from 2 to 3
BACK = due("2026-10-24T23:30:00", BERLIN)  # the night after, clocks go from 3 to 2
SKIPPED = due("2026-03-29T02:30:00", BERLIN)  # no clock shows this
TWICE = due("2026-10-25T02:30:00", BERLIN)  # clocks show this twice

PATIENT = LatePolicy(deadline=PLAIN.deadline, grace_minutes=24 * 60)

EDGES = [
    ("long before", PLAIN, "2026-10-01T00:00:00+09:00", 0),
    ("to the second", PLAIN, "2026-10-31T23:59:00+09:00", 0),
    ("in another zone", PLAIN, "2026-10-31T14:59:00+00:00", 0),
    ("the last second of grace", PLAIN, "2026-11-01T00:09:00+09:00", 0),
    ("a second after grace", PLAIN, "2026-11-01T00:09:01+09:00", 1),
    ("a microsecond after grace", PLAIN, "2026-11-01T00:09:00.000001+09:00", 1),
    ("the end of the first day", PLAIN, "2026-11-01T23:59:00+09:00", 1),
    ("grace of the first day", PLAIN, "2026-11-02T00:09:00+09:00", 1),
    ("the second day has begun", PLAIN, "2026-11-02T00:09:01+09:00", 2),
    ("ten days", PLAIN, "2026-11-10T23:59:00+09:00", 10),
    ("a year", PLAIN, "2027-10-31T23:59:00+09:00", 365),
    ("a day of 23 hours ends", FORWARD, "2026-03-29T23:40:00+02:00", 1),
    ("after a day of 23 hours", FORWARD, "2026-03-29T23:40:01+02:00", 2),
    ("a day of 25 hours ends", BACK, "2026-10-25T23:40:00+01:00", 1),
    ("after a day of 25 hours", BACK, "2026-10-25T23:40:01+01:00", 2),
    ("as if the clocks had not been put forward", SKIPPED, "2026-03-29T01:40:00+00:00", 0),
    ("after what clocks skip", SKIPPED, "2026-03-29T01:40:01+00:00", 1),
    ("the second time clocks show it", TWICE, "2026-10-25T01:40:00+00:00", 0),
    ("a whole day of grace", PATIENT, "2026-11-01T23:59:00+09:00", 0),
    ("after a whole day of grace", PATIENT, "2026-11-01T23:59:01+09:00", 1),
    ("after the second time", TWICE, "2026-10-25T01:40:01+00:00", 1),
]


@pytest.mark.parametrize(("policy", "submitted", "days"), [e[1:] for e in EDGES], ids=[e[0] for e in EDGES])
def test_days_late(policy: LatePolicy, submitted: str, days: int) -> None:
    assert policy.days_late(at(submitted)) == days


@pytest.mark.parametrize(
    ("submitted", "days"),
    [("2026-11-05T12:10:00+09:00", 0), ("2026-11-05T12:10:01+09:00", 1), ("2026-11-06T12:10:01+09:00", 2)],
)
def test_an_extension_moves_the_deadline_and_the_ends_of_days(submitted: str, days: int) -> None:
    assert PLAIN.days_late(at(submitted), at("2026-11-05T12:00:00+09:00")) == days


def test_an_extension_ends_days_by_the_clocks_of_the_deadlines_zone() -> None:
    extension = at("2026-10-24T23:30:00+02:00")
    assert due("2026-10-20T23:30:00", BERLIN).days_late(at("2026-10-25T23:40:00+01:00"), extension) == 1


@pytest.mark.parametrize(("days", "points"), [(0, 0), (1, 10), (2, 20), (3, 25), (400, 25)])
def test_each_day_costs_percent_of_the_maximum_up_to_the_cap(days: int, points: float) -> None:
    policy = LatePolicy(deadline=at("2026-10-31T00:00:00+00:00"), penalty_percent=10, cap_percent=25)
    assert policy.penalty(days, 100) == points
    assert policy.penalty(days, 50) == points / 2


USES = [
    ("not late", 0, 3, 80, (0, 0)),
    ("one of three", 1, 3, 80, (1, 0)),
    ("all there are", 3, 2, 80, (2, 10)),
    ("none left", 2, 0, 80, (0, 20)),
    ("beyond the cap they change nothing", 9, 2, 80, (0, 50)),
    ("as many as get below the cap", 6, 2, 80, (2, 40)),
    ("nothing to save", 2, 3, 0, (0, 0)),
    ("a score below the penalty is not below 0", 2, 0, 5, (0, 5)),
    ("only what is needed to save a low score", 3, 3, 5, (3, 0)),
]


@pytest.mark.parametrize(("days", "available", "score", "use"), [u[1:] for u in USES], ids=[u[0] for u in USES])
def test_late_days_are_used_where_they_help(days: int, available: int, score: float, use: tuple[int, float]) -> None:
    policy = LatePolicy(deadline=at("2026-10-31T00:00:00+00:00"), penalty_percent=10, cap_percent=50)
    assert policy.best_use(days, available, score, 100) == use


def test_days_are_those_of_a_plain_count_for_any_time() -> None:
    policy = LatePolicy(deadline=at("2026-10-31T00:00:00+00:00"))
    for hours in range(0, 24 * 40, 5):
        late = timedelta(hours=hours, seconds=1)
        assert policy.days_late(policy.deadline + late) == hours // 24 + 1
