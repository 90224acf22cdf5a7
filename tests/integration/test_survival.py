"""Any process killed at any moment: every event is kept, every case arrives once in effect, no orphan is served."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.gateway_rig import (
    POLL_S,
    READY_TIMEOUT_S,
    Program,
    Rig,
    Visitor,
    stored_moment,
    until,
    write_scene,
)

pytestmark = pytest.mark.unpaced

SEED = 20_260_101
ROUNDS = 3  # in each, worker, front and receiver are killed once, in an order of chance
PAUSE_S = (1.0, 6.0)  # between two kills
# Each with the second at which something enters: there is always an event in the making somewhere.
CAMERAS = {"north": 0.0, "east": 2.0, "south": 4.5, "west": 7.0}
# The platform thinks for so long, so that it or the sender can be killed meanwhile; and the first answer after each of
# its starts gets lost, so that messages do come twice.
BAD_PLATFORM = ("--step-s", "0.2", "--stall", "1.5", "--lose-answer", "1")
FRESH_S = 3.0  # an event raised so recently is not concluded for some seconds yet
LEAST_CASES = 8
# A delivery whose sender was killed is free again after its lease of 60 s; then comes the pause of the backoff.
SETTLE_TIMEOUT_S = 240.0
OLD_S = 7_200  # files older than an hour without a record are swept
WATCH_EVERY_S = 0.2
PATIENCE = {"dwell_s": 1, "clear_s": 1, "cool_down_s": 0}
_ESTABLISHED = "01"


def camera(rig: Rig, camera_id: str, *, auto_report: bool) -> dict[str, Any]:
    """A camera that flags whatever enters; its going away is no event."""
    return {
        "id": camera_id,
        "name": camera_id,
        "streams": [{"url": f"rtsp://127.0.0.1:{rig.rtsp_port}/{camera_id}"}],
        "zones": [{"id": "z", "name": "z", "polygon": [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]}],
        "rules": [
            {"id": "enter", "type": "zone_intrusion", "zone": "z", "auto_report": auto_report} | PATIENCE,
            {"id": "gone", "type": "camera_fault.offline", "enabled": False},
        ],
    }


@dataclass
class Desk:
    """Somebody who confirms whatever comes, and remembers it."""

    visitor: Visitor
    events: set[str] = field(default_factory=set)  # seen, so committed
    confirmed: set[str] = field(default_factory=set)  # items whose verdict was answered with 200

    async def run(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):  # the front is being killed again and again
                await self._confirm()
            await asyncio.sleep(POLL_S)

    async def _confirm(self) -> None:
        for entry in (await self.visitor.get("/review", state="waiting"))["items"]:
            self.events.add(entry["event"]["id"])
            status, _ = await self.visitor.post(f"/review/{entry['item']['id']}/verdict", {"verdict": "confirmed"})
            if status == 200:
                self.confirmed.add(entry["item"]["id"])


@dataclass
class Watchman:
    """Looks from outside, as the kernel sees it, which worker processes hold camera streams."""

    rig: Rig
    looks: int = 0
    doubles: list[str] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            by_shard = defaultdict(list)
            shards = await asyncio.to_thread(self._streaming)
            for pid, shard in shards.items():
                by_shard[shard].append(pid)
            self.looks += bool(shards)
            self.doubles += [f"shard {shard}: {pids}" for shard, pids in by_shard.items() if len(pids) > 1]
            await asyncio.sleep(WATCH_EVERY_S)

    def _streaming(self) -> dict[int, str]:
        streams = set(_sockets_to(self.rig.rtsp_port))
        return {pid: shard for pid, shard in self.rig.workers().items() if streams & set(_sockets_of(pid))}


def _sockets_to(port: int) -> Iterator[str]:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == _ESTABLISHED and int(words[2].split(":")[1], 16) == port:
            yield words[9]


def _sockets_of(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")


async def kill(part: str, rig: Rig, programs: dict[str, Program], chance: random.Random) -> None:
    """Kill a part without warning; the fleet restarts workers, a service manager (this test) the others."""
    if part == "worker":
        await until(lambda: bool(rig.workers()), what="a worker to kill")
        with suppress(ProcessLookupError):
            os.kill(chance.choice(sorted(rig.workers())), signal.SIGKILL)
        return
    await programs[part].end(signal.SIGKILL)
    await programs[part].start()


async def kill_at_random(rig: Rig, programs: dict[str, Program]) -> None:
    """Kill each part several times, also while others are still coming back; each round finds all at work."""
    chance = random.Random(SEED)
    for _ in range(ROUNDS):
        await until(lambda: one_worker_per_shard(rig), what="one worker per shard")
        for part in chance.sample(["worker", "front", "receiver"], 3):
            await asyncio.sleep(chance.uniform(*PAUSE_S))
            await kill(part, rig, programs, chance)


async def kill_in_the_act(rig: Rig, programs: dict[str, Program]) -> str:
    """Kill a worker with an event in the making, then platform and front amid a delivery; return the event's id."""
    await until(lambda: one_worker_per_shard(rig), what="one worker per shard")
    found: list[sqlite3.Row] = []

    def event_in_the_making() -> bool:
        found[:] = fresh_events(rig)
        return bool(found)

    await until(event_in_the_making, what="an event in the making")
    event = found[0]
    known = rig.rows("SELECT pid, camera_ids FROM workers")
    os.kill(next(row["pid"] for row in known if event["camera_id"] in row["camera_ids"]), signal.SIGKILL)
    for part in ("receiver", "front"):
        await until(lambda: bool(rig.rows("SELECT id FROM deliveries WHERE state = 'leased'")), what="a delivery")
        await programs[part].end(signal.SIGKILL)
        await programs[part].start()
    return str(event["id"])


def fresh_events(rig: Rig) -> list[sqlite3.Row]:
    """Return the events that were raised just now, the newest first."""
    making = rig.rows("SELECT id, camera_id, raised_at FROM events WHERE NOT concluded ORDER BY raised_at DESC")
    return [row for row in making if stored_moment(row["raised_at"]) > time.time() - FRESH_S]


@asynccontextmanager
async def beside(*jobs: Any) -> AsyncIterator[None]:
    """Run jobs for the length of the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def settled(rig: Rig) -> bool:
    """Nothing is in the making, waits for a person, or is on its way."""
    pending = rig.rows(
        "SELECT id FROM events WHERE NOT concluded "
        "UNION ALL SELECT id FROM review_items WHERE verdict IS NULL AND case_id IS NULL "
        "UNION ALL SELECT id FROM deliveries WHERE state IN ('pending', 'leased')"
    )
    return not pending


def enough_cases(rig: Rig) -> bool:
    return len(rig.rows("SELECT id FROM cases")) >= LEAST_CASES


async def report(rig: Rig, desk: Desk, watchman: Watchman) -> None:
    """Print the figures of the run; pytest shows them with -rP."""
    states = Counter(row["state"] for row in rig.rows("SELECT state FROM events"))
    arrived = await rig.cases()
    figures = {
        "events": dict(states),
        "evidence": len(named_files(rig)),
        "verdicts": len(desk.confirmed),
        "cases": len(rig.rows("SELECT id FROM cases")),
        "arrived": len(arrived),
        "repeats taken once": sum(case["repeats"] for case in arrived),
        "orphans": len(set(files_on_disk(rig)) - set(named_files(rig))),
        "looks of the watchman": watchman.looks,
    }
    sys.stdout.write(f"{figures}\n")


def problems_of_events(rig: Rig, desk: Desk) -> list[str]:
    """Every event is kept, has an end or a living watcher, and a review item."""
    alive = {row["run_id"] for row in rig.rows("SELECT run_id FROM workers")}
    events = {row["id"]: row for row in rig.rows("SELECT * FROM events")}
    queued = Counter(row["event_id"] for row in rig.rows("SELECT event_id FROM review_items"))
    found = [f"lost: {event_id}" for event_id in desk.events - set(events)]
    found += [f"{i}: {queued[i]} review items" for i in events if queued[i] != 1]
    found += [
        f"{i}: open, its watcher gone" for i, e in events.items() if e["state"] == "open" and e["run_id"] not in alive
    ]
    return found


async def problems_of_cases(rig: Rig, desk: Desk) -> list[str]:
    """Every confirmed item has its case, and the platform has each case once."""
    items = {row["id"]: row for row in rig.rows("SELECT * FROM review_items")}
    cases = {row["id"] for row in rig.rows("SELECT id FROM cases")}
    arrived = Counter(case["case_id"] for case in await rig.cases())
    found = [f"verdict lost: {i}" for i in desk.confirmed if items[i]["verdict"] != "confirmed"]
    found += [f"no case: {i}" for i, row in items.items() if row["case_id"] not in cases]
    found += [f"{case_id}: arrived {arrived[case_id]} times" for case_id in cases if arrived[case_id] != 1]
    found += [f"unknown case: {case_id}" for case_id in set(arrived) - cases]
    states = rig.rows("SELECT id, state FROM deliveries WHERE state != 'delivered'")
    return found + [f"{row['id']}: {row['state']}" for row in states]


def named_files(rig: Rig) -> dict[str, str]:
    """SHA-256 of the files that records name, by media key."""
    return {row["media_key"]: row["sha256"] for row in rig.rows("SELECT media_key, sha256 FROM evidence")}


def files_on_disk(rig: Rig) -> dict[str, Path]:
    """Every file of the media store, by key."""
    root = rig.data / "media"
    files = [path for path in root.rglob("*") if path.is_file() and ".scratch" not in path.parts]
    return {path.relative_to(root).as_posix(): path for path in files}


def problems_of_files(rig: Rig) -> list[str]:
    """Every record's file is there, whole."""
    found, files = [], files_on_disk(rig)
    for key, sha256 in named_files(rig).items():
        if key not in files:
            found.append(f"no file: {key}")
        elif hashlib.sha256(files[key].read_bytes()).hexdigest() != sha256:
            found.append(f"changed: {key}")
    return found


async def problems_of_serving(rig: Rig, visitor: Visitor) -> list[str]:
    """Every record is served, and a file without one cannot be reached by any name."""
    found = []
    for row in rig.rows("SELECT id, sha256 FROM evidence"):
        status, body, _ = await visitor.fetch(f"/api/v1/evidence/{row['id']}")
        if status != 200 or hashlib.sha256(body).hexdigest() != row["sha256"]:
            found.append(f"{row['id']}: {status}")
    for key in set(files_on_disk(rig)) - set(named_files(rig)):
        name = key.rsplit("/", 1)[-1]
        for address in (
            f"evidence/{key}",
            f"evidence/{name}",
            f"evidence/{name.partition('-')[0]}",
            f"../../media/{key}",
        ):
            status, _, _ = await visitor.fetch(f"/api/v1/{address}")
            found += [f"{address}: {status}"] if status != 404 else []
    return found


def plant_orphan(rig: Rig) -> str:
    """Leave a file as a worker does that was killed between file and record."""
    key = "2020/01/01/north/evt_orphan-clip.mp4"
    path = rig.data / "media" / key
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nobody's")
    return key


def make_old(rig: Rig) -> None:
    """Let all files seem to be hours old."""
    for path in files_on_disk(rig).values():
        os.utime(path, (time.time() - OLD_S,) * 2)


def one_worker_per_shard(rig: Rig) -> bool:
    """Each shard is watched by the one process that the fleet knows of."""
    known = sorted(row["pid"] for row in rig.rows("SELECT pid FROM workers"))
    running = rig.workers()
    return known == sorted(running) and len(set(running.values())) == len(running) == 2


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_whatever_is_killed(rig: Rig) -> None:
    """Workers, front and receiver are killed again and again while somebody confirms all that comes."""
    for camera_id, first_s in CAMERAS.items():
        await asyncio.to_thread(write_scene, rig.folder / f"{camera_id}.mp4", first_s)
    rig.configure([camera(rig, i, auto_report=i == "north") for i in CAMERAS], workers=2, undo_window_s=0.5)
    await rig.add_operator()
    simulator = await rig.simulate(*(f"{i}={rig.folder / i}.mp4" for i in CAMERAS))
    programs = {"front": rig.gateway(), "receiver": rig.receiver(*BAD_PLATFORM)}
    for program in programs.values():
        await program.start()
    await rig.ready()

    async with rig.visitor() as visitor:
        desk, watchman = Desk(visitor), Watchman(rig)
        async with beside(desk.run(), watchman.run()):
            await kill_at_random(rig, programs)
            struck = await kill_in_the_act(rig, programs)
            await until(lambda: enough_cases(rig), READY_TIMEOUT_S, "some cases")
            await simulator.end(signal.SIGTERM)
            await until(lambda: settled(rig), SETTLE_TIMEOUT_S, "everything delivered")
            await until(lambda: one_worker_per_shard(rig), what="one worker per shard")
        await report(rig, desk, watchman)
        orphan = plant_orphan(rig)
        assert problems_of_events(rig, desk) == []
        assert await problems_of_cases(rig, desk) == []
        assert problems_of_files(rig) == []
        assert await problems_of_serving(rig, visitor) == []
        assert [row["state"] for row in rig.rows("SELECT state FROM events WHERE id = ?", struck)] == ["interrupted"]
        assert any(case["repeats"] for case in await rig.cases()), "nothing came twice: idempotency was not tried"
        assert watchman.looks > 0
        assert watchman.doubles == []

        make_old(rig)
        await programs["front"].end(signal.SIGKILL)
        await programs["front"].start()
        await rig.ready()
        await until(lambda: set(files_on_disk(rig)) == set(named_files(rig)), what="orphans swept")
        assert orphan not in files_on_disk(rig)
        assert problems_of_files(rig) == []
