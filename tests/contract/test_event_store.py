"""What an event store must do, on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from storage.errors import RecordConflict, RecordNotFound
from storage.protocols import ReviewFilter, Scope
from storage.records import EventState, EvidenceKind, ReviewItem
from storage.stores import Stores
from tests.contract.store_samples import (
    EVERYTHING,
    T0,
    a_case,
    a_file,
    a_step,
    after,
    an_event,
    an_item,
    judged,
    shown,
)


async def test_unknown_ids_are_named(stores: Stores) -> None:
    """Every method that names an event or a file says which one is not there."""
    for call in (
        stores.events.get("evt_none"),
        stores.events.touch("evt_none", T0, 0.5),
        stores.events.close("evt_none", T0),
        stores.events.evidence_file("evt_none"),
    ):
        with pytest.raises(RecordNotFound, match="evt_none"):
            await call


async def test_conclude_saves_all_or_nothing(stores: Stores) -> None:
    """When the last row cannot be saved, neither event nor files nor review item are there, and nobody is told."""
    taken = await stores.changes.last_id()
    event = an_event()
    case, step, deliveries = a_case(event)
    twice = (case, step, [*deliveries, *deliveries])
    with pytest.raises(RecordConflict):
        await stores.events.conclude(event, [a_file(event)], an_item(event), twice)
    with pytest.raises(RecordNotFound):
        await stores.events.get(event.id)
    assert await stores.events.evidence(event.id) == []
    assert await stores.reviews.counts(EVERYTHING) == {}
    assert await stores.changes.since(taken) == []


async def test_two_files_never_share_a_key(stores: Stores) -> None:
    """A second row for the same file is refused: deleting one event's file would break the other's."""
    event, other = an_event(), an_event()
    file = a_file(event)
    await stores.events.conclude(event, [file], an_item(event))
    with pytest.raises(RecordConflict):
        await stores.events.conclude(other, [a_file(other, media_key=file.media_key)], an_item(other))


async def test_second_clip_needs_a_review_item(stores: Stores) -> None:
    """`review` may be None only for an event that already waits; else it would be lost to everybody."""
    event = an_event()
    with pytest.raises(RecordNotFound):
        await stores.events.conclude(event, [], None)
    with pytest.raises(RecordNotFound):
        await stores.events.get(event.id)


async def test_everything_comes_back_as_saved(stores: Stores) -> None:
    """Times, boxes, polygons, segments and Chinese words survive the round trip."""
    event = an_event(label="违停", auto_report=True, zone_id=None)
    still = {"kind": EvidenceKind.REFERENCE, "created_at": after(10), "segments": (), "masked": True}
    files = [a_file(event), a_file(event, **still)]
    item = an_item(event)
    await stores.events.begin(event)
    await stores.events.conclude(event, files, item)
    assert await stores.events.get(event.id) == event
    assert await stores.events.evidence(event.id) == [files[1], files[0]]
    assert await stores.events.evidence_file(files[0].id) == (files[0], event)
    assert await stores.reviews.by_event(event.id) == item


async def test_begun_event_is_not_shown(stores: Stores) -> None:
    """Nobody sees an event before its evidence is there, and beginning twice is harmless."""
    event = an_event()
    await stores.events.begin(event)
    await stores.events.begin(replace(event, count=9))
    assert await stores.events.recent(EVERYTHING) == []
    assert await stores.changes.last_id() == 0
    assert await stores.events.open_events(["cam-1"]) == [event]


async def test_conclude_may_be_repeated(stores: Stores) -> None:
    """A worker whose answer was lost tries again; files, item and case stay single."""
    event = an_event(auto_report=True)
    files, item, case = [a_file(event)], an_item(event), a_case(event, opened_by="auto")
    for _ in range(2):
        await stores.events.conclude(event, files, item, case)
    assert await stores.events.evidence(event.id) == files
    assert await stores.outbox.for_case(case[0].id) == list(case[2])
    assert (await stores.reviews.get(item.id)).case_id == case[0].id


async def test_auto_reported_case_is_saved_with_its_event(stores: Stores) -> None:
    """Event, item, case, first step and deliveries appear together, and readers are told of both."""
    event = an_event(auto_report=True)
    item, case = an_item(event), a_case(event, opened_by="auto")
    await stores.events.conclude(event, [], item, case)
    assert await stores.cases.by_event(event.id) == case[0]
    assert await stores.cases.steps(case[0].id) == [case[1]]
    told = [(c.kind, c.ref_id, c.grid_id) for c in await stores.changes.since(0)]
    assert told == [("review", item.id, "grid-1"), ("case", case[0].id, "grid-1")]


async def test_second_clip_joins_the_event(stores: Stores) -> None:
    """Evidence that comes later is added, readers are told, the verdict is untouched."""
    event, item = await shown(stores)
    await stores.reviews.judge(judged(item), None)
    late = a_file(event)
    await stores.events.conclude(replace(event, count=3), [late], None)
    assert await stores.events.evidence(event.id) == [late]
    assert (await stores.events.get(event.id)).count == 3
    assert await stores.reviews.get(item.id) == judged(item)
    assert [c.ref_id for c in await stores.changes.since(0)] == [item.id] * 3


async def test_closed_event_is_not_opened_again(stores: Stores) -> None:
    """A clip that is finished after the event has ended does not bring the condition back."""
    event = an_event()
    await stores.events.begin(event)
    await stores.events.close(event.id, after(30))
    await stores.events.conclude(event, [], an_item(event))
    kept = await stores.events.get(event.id)
    assert (kept.state, kept.ended_at) == (EventState.CLOSED, after(30))
    await stores.events.touch(event.id, after(40), 0.1)
    assert await stores.events.get(event.id) == kept


async def test_closing_twice_changes_nothing(stores: Stores) -> None:
    """The first end is kept, and told once."""
    event, _ = await shown(stores)
    for second in (30, 60):
        await stores.events.close(event.id, after(second))
    assert (await stores.events.get(event.id)).ended_at == after(30)
    assert [c.kind for c in await stores.changes.since(0)] == ["review", "event"]


async def test_touch_keeps_an_open_event_fresh(stores: Stores) -> None:
    """The last sighting is saved without a word to readers."""
    event, _ = await shown(stores)
    told = await stores.changes.last_id()
    await stores.events.touch(event.id, after(50), 0.9)
    assert await stores.events.get(event.id) == replace(event, last_seen_at=after(50), confidence=0.9)
    assert await stores.changes.last_id() == told


async def test_interrupt_marks_only_what_dead_runs_left_open(stores: Stores) -> None:
    """Living runs, other cameras and closed events are left alone; an end is not invented."""
    dead, alive = an_event(run_id="dead"), an_event(run_id="alive")
    elsewhere, closed = an_event(run_id="dead", camera_id="cam-9"), an_event(run_id="dead")
    for event in (dead, alive, elsewhere, closed):
        await stores.events.conclude(event, [], an_item(event))
    await stores.events.close(closed.id, after(9))
    changed = await stores.events.interrupt(["cam-1", "cam-2"], ["alive"], after(300))
    assert changed == [replace(dead, state=EventState.INTERRUPTED)]
    assert changed[0].ended_at is None
    assert await stores.events.open_events(["cam-1", "cam-9"]) == [alive, elsewhere]
    assert await stores.events.interrupt(["cam-1"], ["alive"], after(301)) == []


async def test_interrupted_event_without_clip_reaches_the_queue(stores: Stores) -> None:
    """A worker killed before it could cut the clip loses the clip, not the event."""
    event = an_event(run_id="dead", grid_id="grid-7")
    await stores.events.begin(event)
    await stores.events.interrupt([event.camera_id], [], after(300))
    item = await stores.reviews.by_event(event.id)
    waiting = ReviewItem(item.id, event.id, "cam-1", "grid-7", "zone_intrusion", "S2", after(300))
    assert item == waiting
    assert [e.id for e in await stores.events.recent(EVERYTHING)] == [event.id]
    told = [(c.kind, c.ref_id) for c in await stores.changes.since(0)]
    assert told == [("event", event.id), ("review", item.id)]


async def test_run_taken_for_dead_may_still_conclude(stores: Stores) -> None:
    """Its clip is added to the item that was made in its absence, and the event stays interrupted until it ends."""
    event = an_event(run_id="slow")
    await stores.events.begin(event)
    await stores.events.interrupt([event.camera_id], [], after(300))
    file = a_file(event)
    await stores.events.conclude(event, [file], an_item(event))
    assert await stores.events.evidence(event.id) == [file]
    assert (await stores.events.get(event.id)).state is EventState.INTERRUPTED
    assert len((await stores.reviews.page(EVERYTHING, ReviewFilter())).items) == 1
    await stores.events.close(event.id, after(400))
    assert (await stores.events.get(event.id)).state is EventState.CLOSED


async def test_interrupt_and_conclude_at_once_leave_one_item(stores: Stores, other_stores: Stores) -> None:
    """Whoever comes first makes the review item; the other finds it."""
    for _ in range(5):
        event = an_event(run_id="slow")
        await stores.events.begin(event)
        await asyncio.gather(
            stores.events.conclude(event, [], an_item(event)),
            other_stores.events.interrupt([event.camera_id], [], after(300)),
        )
        assert (await stores.reviews.by_event(event.id)).event_id == event.id
    assert await stores.reviews.counts(EVERYTHING) == {"S2": 5}


async def test_recent_shows_only_grids_in_scope(stores: Stores) -> None:
    """Newest first, within the scope, of one camera if asked."""
    one, _ = await shown(stores, grid_id="grid-1", raised_at=after(1))
    two, _ = await shown(stores, grid_id="grid-2", raised_at=after(2), camera_id="cam-2")
    three, _ = await shown(stores, grid_id="grid-3", raised_at=after(3))

    async def ids(scope: Scope, camera_id: str | None = None, limit: int = 50) -> list[str]:
        return [e.id for e in await stores.events.recent(scope, camera_id, limit)]

    assert await ids(EVERYTHING) == [three.id, two.id, one.id]
    assert await ids(EVERYTHING, limit=1) == [three.id]
    assert await ids(Scope(frozenset({"grid-1", "grid-2"}))) == [two.id, one.id]
    assert await ids(Scope(frozenset({"grid-1"})), "cam-2") == []
    assert await ids(Scope(frozenset())) == []


async def test_known_media_keys(stores: Stores) -> None:
    """Only keys that a row names are known."""
    event = an_event()
    file = a_file(event)
    await stores.events.conclude(event, [file], an_item(event))
    assert await stores.events.known_media_keys([file.media_key, "2026/11/22/none.mp4"]) == {file.media_key}
    assert await stores.events.known_media_keys([]) == set()


async def test_step_of_a_case_is_refused_for_an_unknown_case(stores: Stores) -> None:
    """A callback about a case that was undone is not found rather than kept."""
    case, _, _ = a_case(an_event())
    with pytest.raises(RecordNotFound, match=case.id):
        await stores.cases.advance(a_step(case, case.state))
