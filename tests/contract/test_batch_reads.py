"""Reads that answer for many records at once."""

from __future__ import annotations

import asyncio

import pytest

from storage.errors import RecordNotFound
from storage.records import EvidenceKind
from storage.stores import Stores
from tests.contract.store_samples import opened, shown


async def test_many_events_and_their_files_come_in_one_read(stores: Stores) -> None:
    """Unknown ids are left out; no ids, nothing."""
    (first, _), (second, _) = await shown(stores), await shown(stores)
    events = await stores.events.many([first.id, second.id, "evt_gone"])
    assert set(events) == {first.id, second.id}
    assert events[first.id] == await stores.events.get(first.id)
    files = await stores.events.evidence_of_many([first.id, second.id])
    alone = [*await stores.events.evidence(first.id), *await stores.events.evidence(second.id)]
    assert {file.id for file in files} == {file.id for file in alone}
    assert (await stores.events.many([]), await stores.events.evidence_of_many([])) == ({}, [])


async def test_first_file_of_each_kind_stands_for_the_event(stores: Stores) -> None:
    """The oldest; kinds that an event lacks are left out."""
    event, _ = await shown(stores)
    files = await stores.events.evidence(event.id)
    wanted: dict[tuple[str, EvidenceKind], str] = {}
    for file in files:
        wanted.setdefault((event.id, file.kind), file.id)
    assert await stores.events.first_files([event.id, "evt_gone"]) == wanted
    assert await stores.events.first_files([]) == {}


async def test_reads_together_are_the_same_reads(stores: Stores) -> None:
    """Tasks of the block take part, a block within changes nothing, writes go on, and the end is the end."""
    event, _ = await shown(stores)
    async with stores.together(), stores.together():
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(stores.events.get(event.id)) for _ in range(3)]
        assert {read.result() for read in reads} == {await stores.events.get(event.id)}
        with pytest.raises(RecordNotFound):
            await stores.events.get("evt_gone")
        other, _ = await shown(stores)
    assert set(await stores.events.many([event.id, other.id])) == {event.id, other.id}


async def test_waiting_items_are_counted_per_camera_and_type(stores: Stores) -> None:
    """Of the cameras asked for; judged items do not wait."""
    event, _ = await shown(stores)
    await shown(stores, camera_id=event.camera_id)
    await opened(stores, camera_id=event.camera_id)
    counted = await stores.reviews.waiting_alike([event.camera_id])
    assert counted == {(event.camera_id, event.event_type): 2}
    assert await stores.reviews.waiting_alike([]) == {}


async def test_delivery_is_read_by_id(stores: Stores) -> None:
    """Unknown ids are an error."""
    _, (_, _, deliveries) = await opened(stores)
    assert await stores.outbox.get(deliveries[0].id) == deliveries[0]
    with pytest.raises(RecordNotFound):
        await stores.outbox.get("msg_gone")
