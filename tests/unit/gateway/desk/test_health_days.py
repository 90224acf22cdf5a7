"""Days of health, added up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gateway.desk.health_days import HealthDays, Span, added_up, faulty_seconds
from storage.records import CoverageState
from storage.records_desk import EvidenceCount, FaultSpan, HealthDay
from tests.unit.gateway.desk.county import NOW, camera, county
from tests.unit.gateway.desk.test_pulse import StoppedClock

SPAN = Span(dt.date(2026, 11, 22), NOW, NOW + dt.timedelta(hours=2))


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def test_faults_at_the_same_time_count_once() -> None:
    """Cut to the span; one without an end lasts; that a camera is away is no fault of its picture."""
    faults = [
        FaultSpan("a", "camera_fault.blurred", at(-500), at(100)),
        FaultSpan("a", "camera_fault.covered", at(50), at(150)),
        FaultSpan("a", "camera_fault.moved", at(7_000), None),
        FaultSpan("a", "camera_fault.offline", at(1_000), at(2_000)),
        FaultSpan("b", "camera_fault.black", at(-500), at(-100)),
    ]
    assert faulty_seconds(faults, SPAN) == {"a": 350}


def test_a_day_counts_what_was_wanted() -> None:
    """Paused and unknown time is nobody's fault; a camera without any time does not count."""
    seconds = {
        "a": {CoverageState.LOOKED: 50, CoverageState.OVERLOADED: 10, CoverageState.OFFLINE: 40,
              CoverageState.UNKNOWN: 7, CoverageState.PAUSED: 9},
        "b": {CoverageState.ANALYSED: 100},
        "c": {CoverageState.PAUSED: 100},
    }  # fmt: skip
    counts = [EvidenceCount("g2", 3, 2)]
    found = added_up(SPAN, {"a": "g1", "b": "g1", "c": "g1"}, seconds, {"a": 20, "b": 500}, counts)
    assert found == [
        HealthDay(SPAN.day, "g1", 2, 200, 160, 40, 0, 0),
        HealthDay(SPAN.day, "g2", 0, 0, 0, 0, 3, 2),
    ]


class FakeStore:
    """Coverage and desk in one."""

    def __init__(self) -> None:
        self.spans: list[tuple[dt.datetime, dt.datetime, int]] = []
        self.days: list[HealthDay] = []

    async def totals(self, scope: object, start: dt.datetime, end: dt.datetime, **how: Any) -> dict[str, Any]:
        self.spans.append((start, end, len(how["camera_ids"])))
        return {how["camera_ids"][0]: {CoverageState.LOOKED: 10}}

    async def faults_between(self, start: dt.datetime, end: dt.datetime) -> list[FaultSpan]:
        return []

    async def evidence_counts(self, start: dt.datetime, end: dt.datetime) -> list[EvidenceCount]:
        return []

    async def put_days(self, days: Sequence[HealthDay]) -> None:
        self.days += days


async def test_a_week_is_caught_up_with_and_then_only_today_is_written() -> None:
    """Days begin at the midnight of the place; many cameras are read in parts."""
    store, clock = FakeStore(), StoppedClock()
    site = county(*(camera(f"c{n:04}") for n in range(600)))
    days = HealthDays(store, store, lambda: site, clock, ZoneInfo("Asia/Shanghai"))  # type: ignore[arg-type]
    await days.bring_up_to_date()
    assert [n for _, _, n in store.spans] == [500, 100] * 8
    first, last = store.spans[0][0], store.spans[-1]
    assert first == dt.datetime(2026, 11, 14, 16, tzinfo=dt.UTC)
    assert last[:2] == (dt.datetime(2026, 11, 21, 16, tzinfo=dt.UTC), NOW)
    assert {d.day for d in store.days} == {dt.date(2026, 11, n) for n in range(15, 23)}
    store.spans.clear()
    clock.at += dt.timedelta(hours=13)  # past the next midnight there
    await days.bring_up_to_date()
    assert sorted({start.day for start, _, _ in store.spans}) == [21, 22]
