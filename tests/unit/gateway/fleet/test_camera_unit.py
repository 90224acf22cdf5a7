"""A camera's parts fit together: what the watcher is told, and what happens when nothing comes from it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from camera_configs.models import CameraConfig, PresetConfig, RuleConfig, ScheduleConfig, StreamConfig, ZoneConfig
from detectors.base import Detector
from gateway.analysis.health.fault_types import ALWAYS_FROM_PICTURES
from gateway.analysis.ruleset import make_rules
from gateway.camera.lane import LanePool
from gateway.camera.watcher import Surroundings
from gateway.clock import FakeClock
from gateway.fleet.camera_unit import (
    LOOK_GRACE_S,
    USUAL_GOP_S,
    CameraUnit,
    WorkerParts,
    group_labels,
    limit_keys,
    visible_share,
    watch_plan,
    watched_zones,
)
from gateway.fleet.count_clerk import CountClerk
from gateway.fleet.duty import Duty
from gateway.fleet.event_desk import DeskTools, OpenCase
from gateway.settings import Settings
from gateway.types import Crossing, Frame, FrameOrigin, Outcome, Phase
from storage.media import FolderMediaStore
from storage.protocols import EventStore
from storage.records import CameraStateName, CoverageState, EventState
from tests.unit.gateway.fleet.cameras import SQUARE, camera, site
from tests.unit.gateway.fleet.desk_tools import FakeCutter, FakeEvents

WAIT_S = 20.0
ENTER = RuleConfig(id="enter", type="zone_intrusion", zone="yard", cadence_s=5)
PARK = RuleConfig(id="park", type="illegal_parking", zone="yard", cadence_s=30)
NO_FAULTS = tuple(RuleConfig(id=f"f{n}", type=kind, enabled=False) for n, kind in enumerate(ALWAYS_FROM_PICTURES))
YARD = ZoneConfig(id="yard", name="Yard", polygon=SQUARE)
MAIN = StreamConfig(url="rtsp://192.0.2.4/main")
SUB = StreamConfig(url="rtsp://192.0.2.4/sub", role="sub")
MASK = ZoneConfig(id="window", name="Window", polygon=SQUARE, kind="privacy_mask")


class Model:
    """A detector with labels, never asked for more."""

    name = "model"
    labels = ("person", "car", "truck", "teddy bear")


@asynccontextmanager
async def parts_for(
    watched: CameraConfig, folder: Path, clock: FakeClock, events: FakeEvents
) -> AsyncIterator[WorkerParts]:
    media = FolderMediaStore(folder, 0)
    with LanePool(1) as lanes:
        yield WorkerParts(
            site=site(watched),
            settings=Settings(data_dir=folder, ring_s=9.0),
            shared=Surroundings(lanes, clock=clock),
            detectors={"motion": None},
            scene_types={},
            tools=DeskTools(cast(EventStore, events), media, FakeCutter(folder), clock, ZoneInfo("Asia/Shanghai")),
            open_case=cast(OpenCase, None),
            worker_id="w0",
            run_id="run_1",
        )


def black_frame(at_s: float) -> Frame:
    luma = np.zeros((96, 160), np.uint8)
    return Frame("gate", at_s, 0, luma, FrameOrigin.LOOK, lambda: np.zeros((96, 160, 3), np.uint8))


async def test_camera_that_stays_away_raises_an_event_without_a_frame(tmp_path: Path) -> None:
    """Nobody has ever seen a picture of it; after the dwell the event is there, and closed when the camera is."""
    clock, events = FakeClock(), FakeEvents()
    async with parts_for(camera("gate"), tmp_path, clock, events) as parts:
        unit = CameraUnit(parts.site.camera("gate"), parts)
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
            group.create_task(unit.desk.run())
            for _ in range(100):
                unit.tick()
                await clock.advance(1)
            unit.desk.hurry()
    [(event, evidence, _, _)] = events.shown
    assert (event.event_type, event.detector, list(evidence)) == ("camera_fault.offline", "picture", [])
    assert event.state is EventState.OPEN
    assert [event_id for event_id, _ in events.closed] == [event.id]


async def test_raise_brings_its_picture_and_silence_ends_nothing_of_the_camera_itself(tmp_path: Path) -> None:
    """A black picture becomes snapshot and thumbnail; the fault outlasts minutes without frames."""
    clock, events = FakeClock(), FakeEvents()
    async with parts_for(camera("gate"), tmp_path, clock, events) as parts:
        unit = CameraUnit(parts.site.camera("gate"), parts)
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
            group.create_task(unit.desk.run())
            for at_s in range(40):
                unit._report(unit._analyse(black_frame(at_s)))
                await clock.advance(1)
            while not events.shown:
                events.news.clear()
                await events.news.wait()
            await clock.advance(300)
            unit.tick()
            await clock.advance(0)
            assert not events.closed
            unit.desk.hurry()
    [(event, evidence, _, _)] = events.shown
    assert event.event_type == "camera_fault.black"
    assert {e.kind.value for e in evidence} == {"snapshot", "thumbnail"}


async def test_watcher_that_fails_is_seen_in_the_state(tmp_path: Path) -> None:
    """What the camera's thread says of itself is what the worker writes down."""
    clock = FakeClock()
    watched = camera("gate", url=(tmp_path / "none.mp4").as_uri())
    async with parts_for(watched, tmp_path, clock, FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        unit.start()
        while unit.state.state is CameraStateName.CONNECTING:  # noqa: ASYNC110 - set by the thread
            await asyncio.sleep(0)
        unit.stop()
        await asyncio.to_thread(unit.join, WAIT_S)
        assert unit.state.state is CameraStateName.UNREACHABLE
        assert unit.state.worker_id == "w0"


async def test_plan_follows_duty_and_zones(tmp_path: Path) -> None:
    """The rules in force set the cadence, masks are painted, and the ring is as long as the settings say."""
    watched = camera("gate", rules=(ENTER, PARK), zones=(YARD, MASK))
    async with parts_for(watched, tmp_path, FakeClock(), FakeEvents()) as parts:
        plan = watch_plan(watched, watched.streams[0], Duty(armed=True, cadence_s=5, dwell_s=5), parts)
        assert (plan.cadence_s, plan.armed, plan.ring_seconds, plan.worker_id) == (5, True, 9.0, "w0")
        assert plan.masks == (MASK.polygon,)


async def test_a_wrong_clock_and_a_missing_picture_are_reported(tmp_path: Path) -> None:
    """The camera is there, its clock is an hour off, and nothing of it could be decoded for minutes."""
    clock, watched = FakeClock(), camera("gate", rules=(ENTER,))
    async with parts_for(watched, tmp_path, clock, FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        unit._note_state(replace(unit.state, state=CameraStateName.ONLINE, clock_offset_s=3_600.0))
        for _ in range(140):
            unit.watcher._inspection.undecodable += 1
            unit.coverage(clock.monotonic())
            unit.tick()
            await clock.advance(5)
        reports = [await unit.desk.mailbox.get() for _ in range(len(unit.desk.mailbox._reports))]
        raised = {s.event_type for r in reports if r for s in r.signals if s.phase is Phase.RAISED}
        assert raised == {"camera_fault.clock", "camera_fault.loss"}


async def test_schedules_disarm_the_gate(tmp_path: Path) -> None:
    """When the last rule goes out of force nothing is decoded any more, and the time counts as paused."""
    clock = FakeClock()
    hour = clock.now().astimezone(ZoneInfo("Asia/Shanghai")).hour
    soon = ScheduleConfig(start=time(hour), end=time((hour + 1) % 24))
    watched = camera("gate", rules=(ENTER.model_copy(update={"schedule": soon}), *NO_FAULTS))
    async with parts_for(watched, tmp_path, clock, FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        unit.tick()
        assert unit.duty == Duty(armed=True, cadence_s=5, dwell_s=5)
        await clock.advance(3_600)
        unit.tick()
        assert not unit.watcher.gate.policy.armed
        unit._note_state(replace(unit.state, state=CameraStateName.ONLINE))
        assert unit.coverage(clock.monotonic()) is CoverageState.PAUSED


async def test_every_moment_has_its_coverage(tmp_path: Path) -> None:
    """Offline, then looked at, then overloaded when a look that is due stays away, and looked at again."""
    clock = FakeClock()
    watched = camera("gate", rules=(ENTER,))
    async with parts_for(watched, tmp_path, clock, FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        assert unit.coverage(clock.monotonic()) is CoverageState.OFFLINE
        unit._note_state(replace(unit.state, state=CameraStateName.ONLINE))
        assert unit.coverage(clock.monotonic()) is CoverageState.LOOKED
        await clock.advance(LOOK_GRACE_S + 1)
        assert unit.coverage(clock.monotonic()) is CoverageState.OVERLOADED
        unit._report(unit._analyse(black_frame(clock.monotonic())))
        assert unit.coverage(clock.monotonic()) is CoverageState.LOOKED
        await clock.advance(5 + USUAL_GOP_S + LOOK_GRACE_S - 0.5)
        assert unit.coverage(clock.monotonic()) is CoverageState.LOOKED
        await clock.advance(1)
        assert unit.coverage(clock.monotonic()) is CoverageState.OVERLOADED


async def test_camera_behind_masks_is_masked(tmp_path: Path) -> None:
    """Where nothing can be seen nothing is watched, whatever is looked at."""
    whole = MASK.model_copy(update={"polygon": ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))})
    watched = camera("gate", zones=(YARD, whole))
    assert visible_share(watched) == 0
    assert 0.3 < visible_share(camera("gate", zones=(YARD, MASK))) < 0.4
    async with parts_for(watched, tmp_path, FakeClock(), FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        unit._note_state(replace(unit.state, state=CameraStateName.ONLINE))
        assert unit.coverage(0.0) is CoverageState.MASKED


def two_streams() -> CameraConfig:
    return camera("gate", rules=(ENTER,)).model_copy(update={"streams": (SUB, MAIN)})


async def test_substream_is_analysed_and_the_main_stream_kept(tmp_path: Path) -> None:
    """One is armed, the other gives way at a crowded recorder; where the main stream is asked for it is alone."""
    watched = two_streams()
    async with parts_for(watched, tmp_path, FakeClock(), FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        watchers = unit._stream.watchers
        assert list(watchers) == ["main", "sub"]
        assert unit.watcher is watchers["sub"]
        assert [watcher.gate.policy.armed for watcher in watchers.values()] == [False, True]
        assert [watcher._plan.spare for watcher in watchers.values()] == [False, True]
        assert unit.state.tier == "sub"
        alone = CameraUnit(watched.model_copy(update={"analyse": "main"}), parts)
        assert list(alone._stream.watchers) == ["main"]
        assert alone.watcher.gate.policy.armed


async def test_analysis_changes_over_without_a_new_connection(tmp_path: Path) -> None:
    """The substream stays away: the main stream's watcher is armed, what it says is shown, with the reason."""
    clock, watched = FakeClock(), two_streams()
    async with parts_for(watched, tmp_path, clock, FakeEvents()) as parts:
        unit = CameraUnit(watched, parts)
        main, sub = unit._stream.watchers.values()
        stop = threading.Event()
        stop.set()
        unit._stream._stop = stop  # open, without threads
        for watcher, state in ((main, CameraStateName.ONLINE), (sub, CameraStateName.SILENT)):
            watcher._tell(state)
        assert unit.state.state is CameraStateName.SILENT
        for _ in range(5):
            unit.tick()
            await clock.advance(1)
        assert (unit.state.state, unit.state.tier) == (CameraStateName.ONLINE, "main")
        assert list(unit.state.notes) == ["sub_unavailable"]
        assert [watcher.gate.policy.armed for watcher in (main, sub)] == [True, False]
        sub._tell(CameraStateName.ONLINE)
        for _ in range(25):
            unit.tick()
            await clock.advance(1)
        assert (unit.state.tier, unit.state.notes) == ("sub", ())
        assert [watcher.gate.policy.armed for watcher in (main, sub)] == [False, True]


async def test_a_camera_that_shows_none_of_its_presets_says_so(tmp_path: Path) -> None:
    """Not before the first picture, and never of a camera without presets."""
    turning = camera("gate").model_copy(update={"presets": (PresetConfig(id="a", name="a"),)})
    async with parts_for(turning, tmp_path, FakeClock(), FakeEvents()) as parts:
        unit, fixed = CameraUnit(turning, parts), CameraUnit(camera("gate"), parts)
        unit.tick()
        assert unit.state.notes == ()
        for each in (unit, fixed):
            each.look(black_frame(1.0))
            each.tick()
        assert [each.state.notes for each in (unit, fixed)] == [("view_unknown",), ()]


def test_cameras_of_one_recorder_or_host_share_their_streams() -> None:
    """The recorder's id where there is one, else the host; recordings share a place of their own."""
    assert limit_keys(camera("a", url="rtsp://192.0.2.4:554/1")) == ["192.0.2.4"]
    assert limit_keys(camera("a", url="file:///clip.mp4")) == ["file"]
    both = camera("a").model_copy(update={"streams": (MAIN, SUB), "recorder": "nvr-1"})
    assert limit_keys(both) == ["nvr-1", "nvr-1"]
    assert limit_keys(both.model_copy(update={"analyse": "main"})) == ["nvr-1"]


def test_faults_of_the_picture_need_no_glance() -> None:
    """Only zones that wait for something to come are glanced at."""
    assert watched_zones(make_rules(camera("gate", rules=(ENTER,)))) == [YARD.polygon]


def test_labels_are_grouped_to_scene_words() -> None:
    """Makes of vehicles become one word, what no rule asks for none; without a model there are no words."""
    assert group_labels(cast(Detector, Model())) == ("person", "vehicle")
    assert group_labels(None) == ()


async def test_what_crosses_a_line_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look of a moment that was analysed already is answered from memory, and counts nothing again."""
    clock, counted = FakeClock(), []
    crossing = Crossing("line", "vehicle", True, 1.0)

    class Counts:
        def note(self, camera_id: str, crossings: Sequence[Crossing]) -> None:
            counted.append((camera_id, tuple(crossings)))

    async with parts_for(camera("gate"), tmp_path, clock, FakeEvents()) as parts:
        unit = CameraUnit(parts.site.camera("gate"), replace(parts, counts=cast(CountClerk, Counts())))
        outcome = Outcome(1.0, moving=False, occupied=False, crossings=(crossing,))
        monkeypatch.setattr(unit._analyst, "analyse", lambda frame: replace(outcome, at_s=frame.at_s))
        for at_s in (1.0, 1.0, 0.5):
            unit.look(black_frame(at_s))
    assert counted == [("gate", (crossing,))]
