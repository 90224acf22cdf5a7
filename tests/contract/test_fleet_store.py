"""What a fleet store must do, on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from storage.records import CameraStateName
from storage.stores import Stores
from tests.contract.store_samples import a_camera_state, a_worker, after


async def test_old_run_cannot_unregister_its_successor(stores: Stores) -> None:
    """A slow goodbye of the run before leaves the new one in place."""
    await stores.fleet.register(a_worker())
    new = a_worker(run_id="run-2", pid=4712, camera_ids=())
    await stores.fleet.register(new)
    await stores.fleet.unregister("w0", "run-1")
    assert await stores.fleet.workers() == [new]
    await stores.fleet.register(replace(new, heartbeat_at=after(9)))
    assert await stores.fleet.workers() == [replace(new, heartbeat_at=after(9))]
    await stores.fleet.unregister("w0", "run-2")
    assert await stores.fleet.workers() == []


async def test_heartbeat_brings_what_a_worker_counts(stores: Stores) -> None:
    """By part and name, and the latest only."""
    await stores.fleet.register(a_worker(counters={"polling": {"due": 3}}))
    counting = a_worker(counters={"polling": {"due": 5_000_000_000, "done": 4}, "inference:x": {"waited_s": 0.25}})
    await stores.fleet.register(counting)
    assert await stores.fleet.workers() == [counting]


async def test_states_are_replaced(stores: Stores) -> None:
    """The latest state per camera, with every field."""
    await stores.fleet.save_states([])
    await stores.fleet.save_states([a_camera_state("cam-1"), a_camera_state("cam-2", fps=None)])
    lost = a_camera_state("cam-1", state=CameraStateName.STALLED, next_try_at=after(60), detail="no packet")
    await stores.fleet.save_states([lost])
    assert await stores.fleet.states() == {"cam-1": lost, "cam-2": a_camera_state("cam-2", fps=None)}


async def test_facts_of_the_watching_come_back(stores: Stores) -> None:
    """Tier, clock, group of pictures, notes and counters."""
    facts = a_camera_state(
        tier="poll", clock_offset_s=-31.5, gop_s=12.0, notes=("long_gop", "evidence_from_sub"), audited=5_000_000_000,
        audit_active=7, audit_missed=1, refused_looks=2, refused_bursts=3, lost_packets=4,
    )  # fmt: skip
    await stores.fleet.save_states([facts])
    assert await stores.fleet.states() == {"cam-1": facts}


async def test_only_a_new_state_name_is_told(stores: Stores) -> None:
    """Counters move every few seconds; readers hear only when the state has another name."""
    await stores.fleet.save_states([a_camera_state("cam-1"), a_camera_state("cam-2")])
    await stores.fleet.save_states([a_camera_state("cam-1", looks=9), a_camera_state("cam-2", looks=9)])
    await stores.fleet.save_states([a_camera_state("cam-2", state=CameraStateName.RESET), a_camera_state("cam-1")])
    told = [(c.kind, c.ref_id) for c in await stores.changes.since(0)]
    assert told == [("camera", "cam-1"), ("camera", "cam-2"), ("camera", "cam-2")]


async def test_two_workers_saving_the_same_cameras_do_not_block_each_other(
    stores: Stores, other_stores: Stores
) -> None:
    """In opposite order at once, as when a shard moves: both are saved."""
    cameras = [f"cam-{n}" for n in range(20)]
    for turn in range(5):
        name = CameraStateName.ONLINE if turn % 2 else CameraStateName.ENDED
        await asyncio.gather(
            stores.fleet.save_states([a_camera_state(c, state=name) for c in cameras]),
            other_stores.fleet.save_states([a_camera_state(c, state=name) for c in reversed(cameras)]),
        )
    assert len(await stores.fleet.states()) == 20


async def test_states_of_some_cameras(stores: Stores) -> None:
    """Only those asked for; those that nobody has seen yet are left out."""
    first, second = a_camera_state("cam-1"), a_camera_state("cam-2")
    await stores.fleet.save_states([first, second])
    assert await stores.fleet.states_of(["cam-2", "cam-3"]) == {"cam-2": second}
    assert await stores.fleet.states_of([]) == {}
