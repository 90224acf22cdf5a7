"""Who is polled, as the duties go; and the way of a camera between snapshots and stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from camera_configs.models import CameraConfig, RuleConfig, SnapshotConfig
from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.client import SnapshotConnections
from gateway.camera.snapshots.poller import Found, ModeChange, Polled
from gateway.camera.snapshots.view import IN_A_ROW, OtherView
from gateway.camera.snapshots.watch import Mode
from gateway.clock import FakeClock
from gateway.errors import StreamCorrupt
from gateway.fleet.camera_unit import LOOK_GRACE_S, POLL_TIER, CameraUnit
from gateway.fleet.duty import Duty
from gateway.fleet.polling_tier import PollingTier, polled_camera
from gateway.types import Frame, Outcome
from storage.records import CameraStateName, CoverageState
from tests.unit.gateway.camera.snapshots.pictures import jpeg
from tests.unit.gateway.fleet.cameras import camera
from tests.unit.gateway.fleet.desk_tools import FakeEvents
from tests.unit.gateway.fleet.test_camera_unit import parts_for

SNAPSHOT = SnapshotConfig(url="http://192.0.2.4/picture", username="viewer")
SLOW = RuleConfig(id="enter", type="zone_intrusion", zone="yard", cadence_s=10)
PICTURE = jpeg(1, (480, 270))


def with_snapshot() -> CameraConfig:
    return camera("gate", url="rtsp://192.0.2.4/1", rules=(SLOW,)).model_copy(update={"snapshot": SNAPSHOT})


def duty(cadence_s: float, *, armed: bool = True) -> Duty:
    return Duty(armed, cadence_s, dwell_s=5.0)


class Now:
    """Lanes that do everything at once."""

    def schedule(self, turn: Callable[[], None]) -> None:
        turn()


@dataclass
class Unit:
    """A camera that writes down what the tier asks of it."""

    camera: CameraConfig = field(default_factory=with_snapshot)
    duty: Duty = field(default_factory=lambda: duty(10))
    mask: PrivacyMask = field(default_factory=PrivacyMask)
    modes: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    picture: tuple[bytes, float] | None = None
    moving: bool = True

    def take_look(self, look: Polled) -> None:
        self.modes.append("look")

    def look(self, frame: Frame) -> Outcome:
        self.frames.append(frame)
        return Outcome(frame.at_s, moving=self.moving, occupied=False)

    def change_mode(self, change: ModeChange | None) -> None:
        self.modes.append("none" if change is None else change.mode.value)

    def stream_picture(self) -> tuple[bytes, float] | None:
        return self.picture


@pytest.fixture
def tier() -> PollingTier:
    """Return a tier that never asks a camera."""
    return PollingTier(cast(SnapshotConnections, None), Now(), FakeClock())


def test_only_slow_cameras_with_snapshots_are_polled(tier: PollingTier) -> None:
    """Without an address, or with a quick rule in force, the stream watches."""
    for unit in (Unit(camera=camera("gate")), Unit(duty=duty(2))):
        tier.follow(unit)
        assert unit.modes == []


def test_polling_follows_the_duty(tier: PollingTier) -> None:
    """Slow, quick and slow again; a night without any rule in force changes nothing, another cadence begins anew."""
    unit = Unit()
    for duty in (Duty(True, 10), Duty(True, 10), Duty(False, 10), Duty(True, 2), Duty(True, 2), Duty(True, 30)):
        unit.duty = duty
        tier.follow(unit)
    assert unit.modes == ["probing", "none", "probing"]


def test_look_is_analysed_with_the_mask_painted(tier: PollingTier) -> None:
    """A look goes through the queue to the camera's own analysis."""
    unit = Unit(mask=PrivacyMask([((0, 0), (0.5, 0), (0.5, 1), (0, 1))]))
    tier.follow(unit)
    tier._take(Polled("gate", PICTURE, 3.0))
    [frame] = unit.frames
    assert (frame.at_s, int(frame.luma[:, : frame.width // 2 - 4].max())) == (3.0, 0)
    assert unit.modes == ["probing", "look"]


@pytest.mark.parametrize("busy", [False, True])
def test_camera_that_has_turned_is_reported(tier: PollingTier, monkeypatch: pytest.MonkeyPatch, *, busy: bool) -> None:
    """Where nothing goes on; and a probe that begins makes the view a new one."""
    heard: list[Found] = []
    monkeypatch.setattr(tier._poller, "report", lambda _, found: heard.append(found))
    unit = Unit(moving=busy)
    tier.follow(unit)
    seeds = [1] + [101] * IN_A_ROW
    for number, seed in enumerate(seeds):
        tier._take(Polled("gate", jpeg(seed, (480, 270)), 100.0 * number))
    views = [found for found in heard if isinstance(found, OtherView)]
    assert len(views) == (0 if busy else 1)
    tier._change(changed(Mode.PROBING))
    tier._take(Polled("gate", jpeg(101, (480, 270)), 1000.0))
    assert [found for found in heard if isinstance(found, OtherView)] == views


def test_probe_is_held_against_the_stream() -> None:
    """The reference is the stream's last picture, where there is one."""
    unit = Unit()
    polled = polled_camera(unit)
    assert (polled.id, polled.cadence_s, polled.address.username) == ("gate", 10, "viewer")
    assert polled.reference() is None
    unit.picture = (PICTURE, 1.0)
    luma = polled.reference()
    assert luma is not None
    assert luma.shape == (270, 480)
    unit.picture = (PICTURE[:2000], 1.0)
    with pytest.raises(StreamCorrupt):
        polled.reference()


@asynccontextmanager
async def unit_at(folder: Path) -> AsyncIterator[tuple[CameraUnit, FakeClock]]:
    clock = FakeClock()
    async with parts_for(with_snapshot(), folder, clock, FakeEvents()) as parts:
        tier = PollingTier(cast(SnapshotConnections, None), Now(), clock)
        unit = CameraUnit(with_snapshot(), replace(parts, polling=tier))
        unit._stream.end()  # no thread goes out for a camera that is not there
        unit.tick()
        yield unit, clock


def changed(mode: Mode, reason: str = "") -> ModeChange:
    return ModeChange("gate", mode, reason, "")


async def test_polled_camera_is_online_and_covered_by_its_looks(tmp_path: Path) -> None:
    """Looks that come in time are cover; one that is not analysed is overload, and none at all is a camera away."""
    async with unit_at(tmp_path) as (unit, clock):
        unit.change_mode(changed(Mode.POLLING))
        assert (unit.state.state, unit.state.tier, unit.polling) == (CameraStateName.ONLINE, POLL_TIER, True)
        look = Polled("gate", PICTURE, clock.monotonic())
        unit.take_look(look)
        assert unit.coverage(clock.monotonic()) is CoverageState.OVERLOADED
        assert unit._parts.polling is not None
        unit._parts.polling._work(look)
        assert unit.coverage(clock.monotonic()) is CoverageState.POLLED
        assert unit.latest_picture() == (PICTURE, look.at_s)
        await clock.advance(10 + LOOK_GRACE_S + 1)
        assert unit.coverage(clock.monotonic()) is CoverageState.OFFLINE


async def test_until_the_first_look_the_stream_s_last_picture_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is closed a cadence before the first snapshot comes."""
    async with unit_at(tmp_path) as (unit, clock):
        monkeypatch.setattr(unit, "stream_picture", lambda: (b"keyframe", 1.0))
        unit.change_mode(changed(Mode.POLLING))
        assert unit.latest_picture() == (b"keyframe", 1.0)
        unit.take_look(Polled("gate", PICTURE, clock.monotonic()))
        assert unit.latest_picture() == (PICTURE, clock.monotonic())


async def test_opening_the_stream_is_no_gap(tmp_path: Path) -> None:
    """Until the next look would have been due the last one covers; then the stream must be there."""
    async with unit_at(tmp_path) as (unit, clock):
        unit.change_mode(changed(Mode.POLLING))
        look = Polled("gate", PICTURE, clock.monotonic())
        unit.take_look(look)
        assert unit._parts.polling is not None
        unit._parts.polling._work(look)
        unit.change_mode(changed(Mode.STREAMING, "activity"))
        unit._note_state(replace(unit.watcher.state, state=CameraStateName.CONNECTING))
        assert unit.coverage(clock.monotonic()) is CoverageState.POLLED
        assert unit.latest_picture() == (PICTURE, look.at_s)
        await clock.advance(10 + LOOK_GRACE_S + 1)
        assert unit.coverage(clock.monotonic()) is CoverageState.OFFLINE


async def test_trouble_with_snapshots_is_noted(tmp_path: Path) -> None:
    """The reason stands in the camera's state for as long as it holds; activity is no trouble."""
    async with unit_at(tmp_path) as (unit, _):
        unit.change_mode(changed(Mode.STREAMING, "poll_stale"))
        assert list(unit.state.notes) == ["poll_stale"]
        unit._note_state(replace(unit.watcher.state, notes=("long_gop",)))
        assert list(unit.state.notes) == ["long_gop", "poll_stale"]
        unit.change_mode(changed(Mode.STREAMING, "activity"))
        assert list(unit.state.notes) == ["long_gop"]


async def test_frame_older_than_the_last_is_not_analysed_again(tmp_path: Path) -> None:
    """A look that was still waiting when the stream came is left out: rules see time go one way."""
    async with unit_at(tmp_path) as (unit, clock):
        assert unit._parts.polling is not None
        unit._parts.polling._work(Polled("gate", PICTURE, clock.monotonic()))
        analysed_s = unit._analysed_s
        unit._parts.polling._work(Polled("gate", PICTURE, analysed_s - 1))
        assert unit._analysed_s == analysed_s


def test_dropped_camera_is_forgotten(tier: PollingTier) -> None:
    """A look that was under way for it finds nobody; one of its id that comes again begins anew."""
    unit = Unit(with_snapshot(), duty(10))
    tier.follow(unit)
    assert tier.counters["cameras"] == 0  # not polled before it was probed
    tier.drop("gate")
    tier.drop("gate")
    tier._take(Polled("gate", b"", 1.0))
    tier._work(Polled("gate", b"", 1.0))
    assert (unit.frames, "look" in unit.modes) == ([], False)
    tier.follow(unit)
    assert tier._cadences == {"gate": 10}
