"""What the camera desk's store must do, on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from storage.protocols import Scope
from storage.records import CameraStateName, EventState, EvidenceKind, ReviewItem
from storage.records_desk import EvidenceCount, HealthDay, SiteOutage, StateBrief
from storage.stores import Stores
from tests.contract.store_samples import a_camera_state, a_file, after, an_event

EVERYTHING = Scope(None)


def an_outage(number: int = 1, **changes: object) -> SiteOutage:
    outage = SiteOutage(f"out_{number}", "host:10.0.0.1", "10.0.0.1", "g1", 12, since=after(0), noticed_at=after(60))
    return replace(outage, **changes)  # type: ignore[arg-type]


def a_day(day: date, grid_id: str, **changes: int) -> HealthDay:
    return replace(HealthDay(day, grid_id, 3, 100, 90, 80, 7, 6), **changes)  # type: ignore[arg-type]


async def test_a_site_goes_down_once_whoever_notices(stores: Stores, other_stores: Stores) -> None:
    """Two at once, and again later: one outage, one change; after its end there may be another."""
    won = await asyncio.gather(stores.desk.begin_outage(an_outage(1)), other_stores.desk.begin_outage(an_outage(2)))
    assert sorted(won) == [False, True]
    (lasting,) = await stores.desk.open_outages()
    assert not await stores.desk.begin_outage(an_outage(3))
    await stores.desk.end_outage(lasting.id, after(90))
    await stores.desk.end_outage(lasting.id, after(95))
    assert await stores.desk.open_outages() == []
    assert await stores.desk.begin_outage(an_outage(4, since=after(100)))
    told = [(c.kind, c.grid_id) for c in await stores.changes.since(0)]
    assert told == [("site", "g1")] * 3


async def test_briefs_are_states_in_few_words(stores: Stores) -> None:
    """Of all, of some, of more than one statement takes; those without a state are left out."""
    assert await stores.desk.briefs() == []
    names = [f"cam-{n:04}" for n in range(1_203)]
    await stores.fleet.save_states([a_camera_state(name, clock_offset_s=1.5) for name in names])
    state = a_camera_state("cam-0000", clock_offset_s=1.5)
    brief = StateBrief("cam-0000", CameraStateName.ONLINE, state.since, state.last_picture_at, 1.5)
    assert await stores.desk.briefs(["cam-0000", "nobody"]) == [brief]
    assert len(await stores.desk.briefs()) == len(await stores.desk.briefs(names)) == 1_203
    assert await stores.desk.states_of(["cam-0000", "nobody"]) == {"cam-0000": state}


async def test_open_faults_are_those_of_cameras(stores: Stores) -> None:
    """Neither events of scenes nor what is over; one that is not shown yet says so."""
    await stores.events.begin(an_event(event_type="camera_fault.blurred", state=EventState.OPEN, ended_at=None))
    await stores.events.begin(an_event(event_type="camera_faulty", state=EventState.OPEN, ended_at=None))
    shown = an_event(event_type="camera_fault.moved", state=EventState.OPEN, ended_at=None)
    await stores.events.conclude(shown, [], ReviewItem.waiting_for(shown, after(9)))
    await stores.events.begin(an_event(event_type="camera_fault.black", state=EventState.CLOSED, ended_at=after(9)))
    found = {(f.event_type, f.concluded) for f in await stores.desk.open_faults()}
    assert found == {("camera_fault.blurred", False), ("camera_fault.moved", True)}


async def test_faults_of_a_span_reach_into_it(stores: Stores) -> None:
    """What ended before is left out; what is not known to have ended is in, an interrupted one as far as it is sure."""
    start, end = after(1_000), after(2_000)
    cases: dict[int, dict[str, Any]] = {
        1: {"started_at": after(0), "raised_at": after(1), "ended_at": after(900)},
        2: {"started_at": after(0), "raised_at": after(1), "ended_at": after(1_100)},
        3: {"started_at": after(0), "raised_at": after(1), "ended_at": None, "state": EventState.OPEN},
        4: {"started_at": after(1_500), "raised_at": after(1_501), "ended_at": None, "last_seen_at": after(1_600),
            "state": EventState.INTERRUPTED},
        5: {"started_at": after(2_100), "raised_at": after(2_101), "ended_at": after(2_200)},
    }  # fmt: skip
    for number, changes in cases.items():
        event = an_event(camera_id=f"cam-{number}", event_type="camera_fault.covered", **changes)
        await stores.events.conclude(event, [], ReviewItem.waiting_for(event, after(9)))
    found = {span.camera_id: span.ended_at for span in await stores.desk.faults_between(start, end)}
    assert found == {"cam-2": after(1_100), "cam-3": None, "cam-4": after(1_600)}


async def test_evidence_is_counted_for_scenes_only(stores: Stores) -> None:
    """One with a clip, one with a picture only, a fault, and one of another time."""
    for kind in (EvidenceKind.CLIP, EvidenceKind.THUMBNAIL):
        event = an_event(raised_at=after(10))
        file = a_file(event, kind=kind)
        await stores.events.conclude(event, [file], ReviewItem.waiting_for(event, after(11)))
    others: tuple[dict[str, Any], ...] = ({"event_type": "camera_fault.black"}, {"raised_at": after(500)})
    for changes in others:
        event = an_event(**({"raised_at": after(10)} | changes))
        await stores.events.conclude(event, [], ReviewItem.waiting_for(event, after(11)))
    counts = await stores.desk.evidence_counts(after(0), after(100))
    assert counts == [EvidenceCount(an_event().grid_id, events=2, with_clip=1)]


async def test_days_are_replaced_added_up_and_kept_to_the_scope(stores: Stores) -> None:
    """The day that is not over is written again and again; a reader sees sums of what is theirs."""
    today, east = date(2026, 11, 22), Scope(frozenset({"east"}))
    await stores.desk.put_days([])
    await stores.desk.put_days([a_day(today, "east"), a_day(today, "west"), a_day(today - timedelta(9), "east")])
    await stores.desk.put_days([a_day(today, "east", online_s=95)])
    assert await stores.desk.days(east, today) == [a_day(today, "", online_s=95)]
    both = HealthDay(today, "", cameras=6, wanted_s=200, online_s=185, intact_s=160, events=14, with_clip=12)
    assert await stores.desk.days(EVERYTHING, today) == [both]
    assert [d.day for d in await stores.desk.days(EVERYTHING, today - timedelta(9))] == [today - timedelta(9), today]
    assert await stores.desk.days(east, today, ["west"]) == []


async def test_headings_are_remembered(stores: Stores) -> None:
    """The last meaning counts; others stay."""
    await stores.desk.remember_headings({}, after(0))
    await stores.desk.remember_headings({"点位": "name", "备注": ""}, after(0))
    await stores.desk.remember_headings({"点位": "place"}, after(1))
    assert await stores.desk.headings() == {"点位": "place", "备注": ""}
