"""Tests of gateway.camera.snapshots.poller."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import cv2
import numpy as np

from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.client import Snapshot, SnapshotAddress, SnapshotClient, SnapshotConnections
from gateway.camera.snapshots.poller import (
    AT_ONCE_PER_HOST,
    KEPT_BYTES,
    ModeChange,
    Polled,
    PolledCamera,
    SnapshotPoller,
)
from gateway.camera.snapshots.view import OtherView
from gateway.camera.snapshots.watch import Mode
from gateway.clock import FakeClock
from gateway.errors import CameraError, CameraSilent, StreamCorrupt
from gateway.types import Luma, Outcome
from tests.unit.gateway.camera.snapshots.pictures import jpeg, view
from tests.unit.gateway.camera.snapshots.web_camera import Guarded, serving

CADENCE_S = 10.0
TICK_S = 0.5  # coarse, for every tick costs the test's time
PICTURES = [jpeg(1, (480, 270), grain=n) for n in range(1, 8)]
OPEN = PrivacyMask()
TURNS = 20_000  # of the loop, for what a thread does meanwhile; a test that needs them all has failed


class FakeCamera:
    """Answers at once, after a while, with errors or not at all."""

    def __init__(self, rig: Rig, camera_id: str) -> None:
        self.rig = rig
        self.id = camera_id
        self.asked_s: list[float] = []
        self.takes_s = 0.0
        self.error: CameraError | None = None
        self.pad = 0
        self.inside = 0
        self.cancelled = 0

    async def fetch(self) -> Snapshot:
        self.asked_s.append(self.rig.clock.monotonic())
        assert self.inside == 0, "two requests at once"
        self.inside += 1
        self.rig.inside += 1
        try:
            await self.rig.clock.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.inside -= 1
            self.rig.inside -= 1
        if self.error is not None:
            raise self.error
        body = PICTURES[len(self.asked_s) % len(PICTURES)] + bytes(self.pad)
        return Snapshot(body, self.rig.clock.monotonic(), self.takes_s, 480, 270)


class Rig:
    """A poller on a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cameras: dict[str, FakeCamera] = {}
        self.looks: defaultdict[str, list[Polled]] = defaultdict(list)
        self.changes: list[ModeChange] = []
        self.inside = 0  # requests under way
        self.poller = SnapshotPoller(
            self._fetcher,
            self.clock,
            on_look=lambda p: self.looks[p.camera_id].append(p),
            on_change=self.changes.append,
        )

    def _fetcher(self, address: SnapshotAddress) -> FakeCamera:
        self.cameras[address.camera_id] = FakeCamera(self, address.camera_id)
        return self.cameras[address.camera_id]

    def add(
        self, camera_id: str = "cam", host: str = "", reference: Callable[[], Luma | None] = lambda: None
    ) -> FakeCamera:
        address = SnapshotAddress(camera_id, f"http://{host or camera_id}/snap")
        self.poller.add(PolledCamera(address, CADENCE_S, OPEN, reference))
        return self.cameras[camera_id]

    async def until(self, mode: Mode, *camera_ids: str) -> None:
        """Let time pass until the cameras are watched so; threads are given turns of the loop."""
        for _ in range(TURNS):
            if all(self.poller.mode(camera_id) is mode for camera_id in camera_ids):
                return
            await self.clock.advance(TICK_S)
        raise AssertionError(self.changes)

    async def pass_s(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    @property
    def modes(self) -> list[tuple[str, str]]:
        return [(c.mode.value, c.reason) for c in self.changes]


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[None]:
    """Run the poller meanwhile."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(rig.poller.run())
        yield
        task.cancel()


async def test_a_camera_is_probed_then_polled_in_phase() -> None:
    """Its stream is wanted until then; each look is handed on once."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        assert rig.modes == [("probing", "starting")]
        await rig.until(Mode.POLLING, "cam")
        probed = len(camera.asked_s)
        await rig.pass_s(5 * CADENCE_S)
    polls = camera.asked_s[probed:]
    assert probed == 3
    assert len(polls) == 5
    assert all(9.4 < later - sooner < 10.6 for sooner, later in pairwise(polls))
    assert [p.at_s for p in rig.looks["cam"]] == polls
    assert rig.modes[-1] == ("polling", "")
    assert (rig.poller.counts.due, rig.poller.counts.done, rig.poller.counts.missed) == (5, 5, 0)


async def test_a_camera_that_fails_three_times_gets_its_stream() -> None:
    """The failures are counted, and it is not asked until it is probed again."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        await rig.until(Mode.POLLING, "cam")
        camera.error = CameraSilent("cam", "says nothing")
        await rig.pass_s(6 * CADENCE_S)
    assert rig.modes[-1] == ("streaming", "poll_failed")
    assert rig.changes[-1].detail == "says nothing"
    assert rig.poller.counts.failed == 3
    assert len(camera.asked_s) == 6


async def test_a_look_that_could_not_be_decoded_counts_as_a_failure() -> None:
    """Told from another thread."""
    rig = Rig()
    async with running(rig):
        rig.add()
        await rig.until(Mode.POLLING, "cam")
        for _ in range(3):
            await asyncio.to_thread(rig.poller.report, "cam", StreamCorrupt("cam", "damaged"))
        await rig.pass_s(TICK_S)
        assert rig.modes[-1] == ("streaming", "poll_failed")


async def test_activity_opens_the_stream_and_quiet_closes_it() -> None:
    """Within a tick; no snapshot is asked for meanwhile."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        await rig.until(Mode.POLLING, "cam")
        now_s, asked = rig.clock.monotonic(), len(camera.asked_s)
        rig.poller.report("cam", Outcome(now_s, moving=False, occupied=True))
        rig.poller.report("gone", Outcome(now_s, moving=False, occupied=True))
        await rig.pass_s(TICK_S)
        assert rig.modes[-1] == ("streaming", "activity")
        await rig.pass_s(50.0)
        assert len(camera.asked_s) == asked
        await rig.pass_s(15.0)
        assert rig.modes[-1] == ("polling", "")


async def test_a_viewer_opens_the_stream_for_as_long_as_it_stays() -> None:
    """A camera that is not polled at all is none of the poller's business."""
    rig = Rig()
    async with running(rig):
        rig.add()
        await rig.until(Mode.POLLING, "cam")
        with rig.poller.viewer("cam"), rig.poller.viewer("other"):
            assert rig.modes[-1] == ("streaming", "viewer")
            await rig.pass_s(30.0)
            assert rig.modes[-1] == ("streaming", "viewer")
        assert rig.modes[-1] == ("polling", "")


async def test_another_view_opens_the_stream_and_is_probed() -> None:
    """Said of the looks; what the probe finds sound is polled again. Unknown cameras do no harm."""
    rig = Rig()
    async with running(rig):
        rig.add()
        await rig.until(Mode.POLLING, "cam")
        assert rig.poller.polled == 1
        probes = rig.poller.counts.probes
        for name in ("cam", "other"):
            await asyncio.to_thread(rig.poller.report, name, OtherView("turned"))
        await rig.pass_s(TICK_S)
        assert rig.changes[-1] == ModeChange("cam", Mode.PROBING, "poll_different", "turned")
        assert rig.poller.polled == 0
        await rig.until(Mode.POLLING, "cam")
        assert rig.poller.counts.probes == probes + 1


async def test_a_slow_camera_is_never_asked_twice_at_once() -> None:
    """Its missed looks are counted as due."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        await rig.until(Mode.POLLING, "cam")
        camera.takes_s = 25.0
        await rig.pass_s(40.0)
    assert rig.poller.counts.missed == 2
    assert rig.poller.counts.due >= 3


async def test_one_host_answers_a_few_at_a_time() -> None:
    """Many cameras of one recorder wait for each other, others do not wait for them."""
    rig = Rig()
    async with running(rig):
        names = [f"cam-{n}" for n in range(12)]
        for name in names:
            rig.add(name, host="recorder")
        other = rig.add("other")
        await rig.until(Mode.POLLING, *names, "other")
        for name in names:
            rig.cameras[name].takes_s = 100.0
        await rig.pass_s(2 * CADENCE_S)
        assert rig.inside == AT_ONCE_PER_HOST
        assert rig.clock.monotonic() - other.asked_s[-1] <= CADENCE_S + TICK_S


async def test_a_removed_camera_is_asked_no_more() -> None:
    """Its request under way is cancelled, its look and its words go nowhere."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        await rig.until(Mode.POLLING, "cam")
        camera.takes_s = 1.0
        asked = len(camera.asked_s)
        while len(camera.asked_s) == asked:
            await rig.pass_s(TICK_S)
        rig.poller.remove("cam")
        rig.poller.remove("cam")
        changes = len(rig.changes)
        await rig.pass_s(60.0)
        assert (camera.cancelled, len(camera.asked_s), len(rig.changes)) == (1, asked + 1, changes)
        assert rig.looks["cam"] == []
        assert (rig.poller.mode("cam"), rig.poller.looks("cam")) == (None, ())


async def test_a_changed_camera_begins_anew() -> None:
    """With a probe, by its new address."""
    rig = Rig()
    async with running(rig):
        rig.add()
        await rig.until(Mode.POLLING, "cam")
        rig.add(host="elsewhere")
        assert rig.modes[-1] == ("probing", "starting")
        await rig.until(Mode.POLLING, "cam")


async def test_cancelling_ends_what_is_under_way_and_it_may_run_again() -> None:
    """Nothing is left behind; the second run goes on where the first ended."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        await rig.until(Mode.POLLING, "cam")
        camera.takes_s = 1.0
        asked = len(camera.asked_s)
        while len(camera.asked_s) == asked:
            await rig.pass_s(TICK_S)
    assert camera.cancelled == 1
    camera.takes_s = 0.0
    async with running(rig):
        await rig.pass_s(2.5 * CADENCE_S)
    assert len(rig.looks["cam"]) == 2


async def test_the_last_looks_are_kept_within_bounds() -> None:
    """Three of them; fewer when they are large, but always the newest."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        await rig.until(Mode.POLLING, "cam")
        await rig.pass_s(5 * CADENCE_S)
        assert rig.poller.looks("cam") == tuple(rig.looks["cam"][-3:])
        camera.pad = KEPT_BYTES
        await rig.pass_s(CADENCE_S)
        assert rig.poller.looks("cam") == tuple(rig.looks["cam"][-1:])


async def test_a_reference_of_another_place_refuses_the_snapshots() -> None:
    """The stream's keyframe is asked for in a thread, for it may have to be decoded."""
    other: Luma = np.asarray(cv2.cvtColor(view(2), cv2.COLOR_BGR2GRAY), np.uint8)
    rig = Rig()
    async with running(rig):
        rig.add("same", reference=lambda: np.asarray(cv2.cvtColor(view(1), cv2.COLOR_BGR2GRAY), np.uint8))
        await rig.until(Mode.POLLING, "same")
        rig.add("other", reference=lambda: other)
        await rig.until(Mode.STREAMING, "other")
    assert rig.changes[-1].reason == "poll_different"


async def test_a_damaged_keyframe_is_no_reference() -> None:
    """The snapshots are judged by themselves then."""

    def damaged() -> Luma | None:
        raise StreamCorrupt("cam")

    rig = Rig()
    async with running(rig):
        rig.add(reference=damaged)
        await rig.until(Mode.POLLING, "cam")


async def test_a_real_camera_is_polled_over_http() -> None:
    """With the real client, through Digest, down to the bytes."""
    rig = Rig()
    guard = Guarded(b"")
    turns = iter(PICTURES * 9)

    async def answer(request: object) -> object:
        guard.body = next(turns)
        return await guard(request)  # type: ignore[arg-type]

    async with serving(answer) as camera, SnapshotConnections() as connections:  # type: ignore[arg-type]
        address = SnapshotAddress("cam", camera.url, "viewer", 'p"ss:wörd')
        rig.poller = SnapshotPoller(
            lambda a: SnapshotClient(a, connections, rig.clock),
            rig.clock,
            on_look=lambda p: rig.looks[p.camera_id].append(p),
            on_change=rig.changes.append,
            tick_s=TICK_S,
        )
        async with running(rig):
            rig.poller.add(PolledCamera(address, CADENCE_S, OPEN))
            for _ in range(TURNS):
                if len(rig.looks["cam"]) == 3:
                    break
                await rig.clock.advance(TICK_S / 5)
    assert {p.jpeg for p in rig.looks["cam"]} <= set(PICTURES)
    assert rig.poller.counts.done == 3
    assert guard.refused == 1


async def test_a_hint_brings_one_poll_forward() -> None:
    """At once, counted, and only where snapshots watch; after it the camera keeps to its phase."""
    rig = Rig()
    async with running(rig):
        camera = rig.add()
        rig.poller.hasten("cam")
        rig.poller.hasten("unknown")
        await rig.until(Mode.POLLING, "cam")
        assert rig.poller.counts.hinted == 0
        await rig.pass_s(CADENCE_S)
        before, phase_s = len(camera.asked_s), camera.asked_s[-1]
        await rig.pass_s(CADENCE_S / 2)
        rig.poller.hasten("cam")
        await rig.pass_s(TICK_S * 2)
        assert (len(camera.asked_s) - before, rig.poller.counts.hinted) in {(1, 1), (2, 1)}
        await rig.pass_s(CADENCE_S)
        assert any(abs(s - phase_s - CADENCE_S) <= 2 * TICK_S for s in camera.asked_s[before:])
