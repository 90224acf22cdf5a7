"""A worker process and a camera whose rules are slow: by snapshots, by stream while somebody is there, and back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from storage.records import CameraState, CameraStateName, CoverageRow, CoverageState, Event, Evidence, EvidenceKind
from storage.stores import Stores, open_stores
from tests.integration.gateway_rig import Rig, free_port, until
from tests.integration.worker_rig import WorkerProcess, worker_of, write_street

# Its place in the cadence is 1.3 s: an early one, so that its first probe is early.
CAMERA = "mill"
SLOW = {"id": "enter", "type": "zone_intrusion", "zone": "z", "cadence_s": 10, "dwell_s": 1, "min_area": 0.001}
# The stream is up sooner here than at a real camera, and nobody wants to wait a minute for quiet.
SOONER = (
    "from gateway.camera.snapshots import watch\n"
    "watch.STREAM_UP_S = 2.0\n"
    "watch.PollWatch.__init__.__kwdefaults__['quiet_s'] = 5.0"
)
COMES_S, GOES_S, LENGTH_S = 18, 31, 60  # the second round is for machines that miss the first one
WAIT_S = 90.0
POLL_TIER = "poll"
WATCHED_CLOSELY = {CoverageState.LOOKED, CoverageState.ANALYSED}


@dataclass
class Scene:
    """The deployment, and the ways of watching that its database has shown, in order."""

    rig: Rig
    stores: Stores
    worker: WorkerProcess
    tiers: list[str] = field(default_factory=list)

    async def state(self) -> CameraState | None:
        """What the worker last said of the camera."""
        assert self.worker.running, "the worker ended"
        state = (await self.stores.fleet.states()).get(CAMERA)
        if state is not None and state.state is CameraStateName.ONLINE and state.tier not in self.tiers[-1:]:
            self.tiers.append(state.tier)
        return state

    async def rows(self) -> list[CoverageRow]:
        """Return the ledger."""
        now, day = datetime.now(UTC), timedelta(days=1)
        return await self.stores.coverage.rows(CAMERA, now - day, now + day)

    async def states(self) -> list[CoverageState]:
        """Return what was done with the camera's time, in order."""
        return [row.state for row in await self.rows()]

    async def polled_after(self, times: int) -> bool:
        """Whether the ledger says `polled` at its end, for the so-manieth time."""
        await self.state()
        states = await self.states()
        # A second that waits for a look which is being analysed is no other way of watching.
        ways = [s in WATCHED_CLOSELY for s in states if s in {CoverageState.POLLED, *WATCHED_CLOSELY}]
        changes = [way for way, before in zip(ways, [None, *ways], strict=False) if way != before]
        return bool(states) and states[-1] is CoverageState.POLLED and changes.count(False) >= times

    async def shown(self, tiers: list[str]) -> bool:
        """Whether these are the tiers last shown of the camera, in order."""
        await self.state()
        return self.tiers[-len(tiers) :] == tiers

    async def event(self) -> tuple[Event, list[Evidence]] | None:
        """Return the event once it can be shown."""
        await self.state()
        waiting = self.rig_rows("SELECT event_id FROM review_items ORDER BY created_at LIMIT 1")
        if not waiting:
            return None
        return await self.stores.events.get(waiting[0]), await self.stores.events.evidence(waiting[0])

    def rig_rows(self, query: str) -> list[str]:
        """Return the first column."""
        return [str(row[0]) for row in self.rig.rows(query)]


@pytest.fixture
async def scene(rig: Rig) -> AsyncIterator[Scene]:
    """Give a camera with snapshots, a worker for it that is not started, and an empty database."""
    http_port = free_port()
    street = await asyncio.to_thread(write_street, rig.folder / "street.mp4", COMES_S, GOES_S, LENGTH_S)
    rig.configure([camera(rig, http_port)], min_free_mb=0)
    rig.data.mkdir()
    await rig.simulate(f"street={street}", options=("--http-port", str(http_port)))
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(f"sqlite:///{rig.data / 'gridpatrol.db'}", migrate=True))
        yield Scene(rig, stores, await stack.enter_async_context(worker_of(rig, SOONER)))


def camera(rig: Rig, http_port: int) -> dict[str, Any]:
    return {
        "id": CAMERA,
        "name": CAMERA,
        "streams": [{"url": f"rtsp://127.0.0.1:{rig.rtsp_port}/street"}],
        "snapshot": {"url": f"http://127.0.0.1:{http_port}/snapshot/street"},
        "zones": [{"id": "z", "name": "z", "polygon": [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]}],
        "rules": [SLOW],
    }


async def check_picture(scene: Scene) -> None:
    """What people see of a polled camera is its last snapshot."""
    [worker] = await scene.stores.fleet.workers()
    url, proof = f"{worker.base_url}/cameras/{CAMERA}/picture", {"Authorization": f"Bearer {worker.token}"}

    async def there() -> bool:
        async with aiohttp.ClientSession() as http, http.get(url, headers=proof) as answer:
            return answer.status == 200 and (await answer.read()).startswith(b"\xff\xd8")

    await until(there, what="a picture")


def check_evidence(scene: Scene, event: Event, evidence: list[Evidence]) -> None:
    """The looks that led to the event are pictures, taken before it was raised; the clip is from the stream."""
    media = scene.rig.data / "media"
    for record in evidence:
        assert hashlib.sha256((media / record.media_key).read_bytes()).hexdigest() == record.sha256
    looks = [e for e in evidence if "-look-" in e.media_key]
    assert 1 <= len(looks) <= 3
    assert {e.kind for e in looks} == {EvidenceKind.SNAPSHOT}
    [clip] = [e for e in evidence if e.kind is EvidenceKind.CLIP]
    assert clip.duration_s > 3
    assert frames(media / clip.media_key) > 3 * 10
    assert event.started_at < event.raised_at


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


async def check_counters(scene: Scene) -> None:
    """Looks were due and came, and the heartbeat tells."""

    async def counted() -> bool:
        [worker] = await scene.stores.fleet.workers()
        counters = worker.counters.get("polling", {})
        return counters.get("cameras") == 1 and counters["done"] >= 2 and counters["failed"] == 0

    await until(counted, WAIT_S, "the counters of the polling")


@pytest.mark.slow
async def test_polled_camera_opens_its_stream_for_what_happens_and_closes_it_again(scene: Scene) -> None:
    """The ledger says which way each second was watched, and that none was lost between them."""
    await scene.worker.start()
    await until(lambda: scene.polled_after(1), WAIT_S, "polling")
    state = await scene.state()
    assert state is not None
    assert (state.tier, state.notes) == (POLL_TIER, ())
    await check_picture(scene)

    found: list[tuple[Event, list[Evidence]]] = []

    async def shown() -> bool:
        if (event := await scene.event()) is not None:
            found.append(event)
        return bool(found)

    await until(shown, WAIT_S, "an event with its evidence")
    event, evidence = found[0]
    assert (event.event_type, event.rule_id) == ("zone_intrusion", "enter")
    check_evidence(scene, event, evidence)
    await until(lambda: scene.polled_after(2), WAIT_S, "polling again")
    # The ledger and what is shown of the camera are written at their own times.
    await until(lambda: scene.shown([POLL_TIER, "main", POLL_TIER]), WAIT_S, "the tiers in order")
    await check_counters(scene)

    rows = await scene.rows()
    first = next(n for n, row in enumerate(rows) if row.state is CoverageState.POLLED)
    assert {row.state for row in rows[first:]} <= {CoverageState.POLLED, *WATCHED_CLOSELY}, rows
    assert all(one.end == other.start for one, other in pairwise(rows))
