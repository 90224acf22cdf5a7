"""Tests of gateway.camera.watcher."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from camera_configs.models import StreamConfig
from gateway.camera.lane import LanePool
from gateway.camera.limits import StreamLimits
from gateway.camera.packets import WallClock
from gateway.camera.ring import PacketRing
from gateway.camera.source import FileSource, PacketSource, RawPacket
from gateway.camera.watcher import ANALYSIS_PIN, CameraWatcher, Surroundings, WatchPlan
from gateway.clock import FakeClock
from gateway.errors import CameraAuthError, CameraError, CameraSilent, StreamFormatChanged, StreamStalled
from gateway.supervise import Backoff
from gateway.types import Frame, Outcome, VideoFormat
from storage.records import CameraState, CameraStateName
from tests.unit.gateway.camera.scripts import GOP, STREAM, ScriptedSource, StopAfter, read_clip, write_clip

PLAN = WatchPlan("cam", STREAM, password="s3cret", worker_id="w1")
TIMEOUT_S = 20.0


@dataclass
class Rig:
    """A watcher with all it tells, fed by scripted sessions."""

    pool: LanePool
    sessions: Sequence[PacketSource] = ()
    plan: WatchPlan = PLAN
    limits: StreamLimits = field(default_factory=StreamLimits)
    clock: FakeClock = field(default_factory=FakeClock)
    states: list[CameraState] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        left = iter(self.sessions)
        self.watcher = CameraWatcher(
            self.plan,
            Surroundings(self.pool, limits=self.limits, clock=self.clock),
            analyse=self.analyse,
            on_outcome=self.outcomes.append,
            on_state=self.states.append,
            make_source=(lambda: next(left)) if self.sessions else None,
            backoff=Backoff(base_s=1.0, jitter=0.0),
            auth_backoff=Backoff(base_s=30.0, cap_s=600.0, jitter=0.0),
        )

    def analyse(self, frame: Frame) -> Outcome:
        self.frames.append(frame)
        return Outcome(frame.at_s, moving=False, occupied=False)

    def run(self, pauses: int) -> StopAfter:
        """Watch until the n-th pause."""
        stop = StopAfter(pauses)
        self.watcher.run(stop)
        return stop

    @property
    def names(self) -> list[str]:
        return [s.state.value for s in self.states]


@pytest.fixture
def pool() -> Iterator[LanePool]:
    with LanePool(1) as lanes:
        yield lanes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of Annex B, as cameras send it."""
    return write_clip(tmp_path_factory.mktemp("clips") / "a.ts")


def recorded(clip: Path, arrival_s: float = 0.0) -> tuple[VideoFormat, list[RawPacket]]:
    """A clip as a session's packets, the first of which arrives at `arrival_s`."""
    video, packets = read_clip(clip)
    later_s = arrival_s - packets[0].at_s
    return video, [RawPacket(p.payload, p.pts, p.dts, p.keyframe, p.size, later_s + p.at_s) for p in packets]


def test_failures_to_open_are_told_and_retried_ever_more_slowly(pool: LanePool, clip: Path) -> None:
    """Each try counts, each pause is longer, and the source is closed each time in the camera's own thread."""
    video, _ = recorded(clip)
    sessions = [ScriptedSource(video, open_error=CameraSilent("cam", "h:554: says nothing")) for _ in range(3)]
    rig = Rig(pool, sessions)
    stop = rig.run(3)
    assert stop.pauses == [1.0, 2.0, 4.0]
    assert rig.names == ["connecting", "silent", "silent", "silent"]
    assert [s.attempts for s in rig.states] == [0, 1, 2, 3]
    assert rig.states[-1].detail == "h:554: says nothing"
    assert rig.states[-1].next_try_at is not None
    assert all(s.closed == 1 and s.threads == {threading.get_ident()} for s in sessions)


def test_refused_credentials_are_retried_slowly(pool: LanePool, clip: Path) -> None:
    """Half a minute, then a minute: cameras lock accounts. Nothing told holds the password."""
    video, _ = recorded(clip)
    rig = Rig(pool, [ScriptedSource(video, open_error=CameraAuthError("cam", "refused")) for _ in range(2)])
    assert rig.run(2).pauses == [30.0, 60.0]
    assert rig.names[-1] == "auth_failed"
    assert "s3cret" not in repr(rig.states) + repr(PLAN)


def test_a_bug_in_a_session_does_not_end_the_watching(pool: LanePool, clip: Path) -> None:
    """It is shown as offline, and tried again."""
    video, raws = recorded(clip)

    def crash(index: int) -> None:
        if index == 3:
            raise ZeroDivisionError

    rig = Rig(pool, [ScriptedSource(video, raws, before_each=crash), ScriptedSource(video, raws)])
    rig.run(2)
    assert rig.names == ["connecting", "online", "offline", "online", "ended"]


def test_a_stall_after_a_stable_time_is_retried_quickly(pool: LanePool, clip: Path) -> None:
    """The pauses begin anew once a session had lasted; the failure count too."""
    video, raws = recorded(clip)
    clock = FakeClock()

    def grow_old(index: int) -> None:
        if index == 30:
            clock._elapsed_s += 100.0

    stalled = StreamStalled("cam", "no packet")
    failing = [ScriptedSource(video, open_error=CameraSilent("cam")) for _ in range(2)]
    rig = Rig(pool, [*failing, ScriptedSource(video, raws, before_each=grow_old, end=stalled)], clock=clock)
    assert rig.run(3).pauses == [1.0, 2.0, 1.0]
    assert (rig.names[-1], rig.states[-1].attempts) == ("stalled", 1)


def test_a_session_fills_the_ring_and_has_its_keyframes_analysed(pool: LanePool, clip: Path) -> None:
    """Online with its format at the first keyframe; each second a look; the ring holds every packet in order."""
    video, raws = recorded(clip)
    rig = Rig(pool, [ScriptedSource(video, raws)], plan=replace(PLAN, once=True, cadence_s=1.0))
    rig.watcher.run(threading.Event())
    assert rig.names == ["connecting", "online"]
    online = rig.states[1]
    assert (online.codec, online.width, online.height, online.worker_id) == ("h264", 160, 96, "w1")
    assert [round(f.at_s) for f in rig.frames] == [0, 1, 2]
    assert len(rig.outcomes) == 3
    assert len(rig.watcher.ring.since(0)) == 75


def test_an_unarmed_camera_is_kept_and_not_decoded(pool: LanePool, clip: Path) -> None:
    """Pictures can still be asked for."""
    video, raws = recorded(clip)
    rig = Rig(pool, [ScriptedSource(video, raws)], plan=replace(PLAN, once=True, armed=False))
    rig.watcher.run(threading.Event())
    assert rig.frames == []
    assert rig.watcher.latest_picture() is not None


def test_the_same_stream_again_goes_on_in_the_ring(pool: LanePool, clip: Path) -> None:
    """A clip may reach over a short loss: ticks and moments go on, with the gap between them."""
    video, raws = recorded(clip)
    again = recorded(clip, arrival_s=5.0)[1]
    rig = Rig(pool, [ScriptedSource(video, raws), ScriptedSource(video, again)])
    rig.run(2)
    packets = rig.watcher.ring.since(0)
    assert len(packets) == 150
    assert all(b.dts > a.dts for a, b in pairwise(packets))
    assert packets[75].at_s - packets[74].at_s == pytest.approx(5 - 74 / 25, abs=0.01)


def test_another_format_begins_with_an_empty_ring(pool: LanePool, clip: Path, tmp_path: Path) -> None:
    """A camera that comes back with another resolution shows nothing of the old one."""
    video, raws = recorded(clip)
    other, other_raws = recorded(write_clip(tmp_path / "b.ts", 1.0, size=(192, 128)), arrival_s=4.0)
    rig = Rig(pool, [ScriptedSource(video, raws), ScriptedSource(other, other_raws)])
    rig.run(2)
    assert len(rig.watcher.ring.since(0)) == 25
    assert rig.states[-1].width == 192


def test_a_size_that_the_description_lacks_is_read_from_the_first_keyframe(pool: LanePool, clip: Path) -> None:
    """Some cameras send their parameter sets with the pictures only; a reconnection keeps the ring all the same."""
    video, raws = recorded(clip)
    bare = replace(video, width=0, height=0, extradata=b"")
    again = recorded(clip, arrival_s=5.0)[1]
    rig = Rig(pool, [ScriptedSource(bare, raws), ScriptedSource(bare, again)])
    rig.run(2)
    assert rig.watcher.video is not None
    assert (rig.watcher.video.width, rig.watcher.video.height) == (160, 96)
    assert len(rig.watcher.ring.since(0)) == 150


def test_stopping_is_noticed_with_the_next_packet(pool: LanePool, clip: Path) -> None:
    """The session ends in the middle of the stream, closed, without a word about failure."""
    video, raws = recorded(clip)
    stop = threading.Event()
    source = ScriptedSource(video, raws, before_each=lambda i: stop.set() if i == GOP else None)
    rig = Rig(pool, [source])
    rig.watcher.run(stop)
    assert rig.names == ["connecting", "online"]
    assert source.closed == 1
    assert len(rig.watcher.ring.since(0)) == GOP


def test_a_full_recorder_makes_the_camera_wait(pool: LanePool, clip: Path) -> None:
    """It is told as waiting and does not even try to connect."""
    video, raws = recorded(clip)
    limits, stop = StreamLimits(per_host=1), threading.Event()
    source = ScriptedSource(video, raws)
    rig = Rig(pool, [source], plan=replace(PLAN, limit_key="nvr"), limits=limits)
    with limits.stream("other", "nvr", stop):
        thread = threading.Thread(target=rig.watcher.run, args=(stop,))
        thread.start()
        while rig.names != ["connecting", "waiting"]:
            assert thread.is_alive()
        stop.set()
        thread.join(TIMEOUT_S)
    assert source.threads == set()


def test_counters_are_told_again_while_nothing_changes(pool: LanePool, clip: Path) -> None:
    """Each ten seconds the same state is told with fresh counters; `since` stays."""
    video, raws = recorded(clip)
    clock = FakeClock()

    def tick(_: int) -> None:
        clock._elapsed_s += 0.5

    rig = Rig(pool, [ScriptedSource(video, raws, before_each=tick)], plan=replace(PLAN, once=True), clock=clock)
    rig.watcher.run(threading.Event())
    online = [s for s in rig.states if s.state is CameraStateName.ONLINE]
    assert len(online) == 3
    assert len({s.since for s in online}) == 1
    assert online[-1].updated_at > online[0].updated_at
    assert (online[0].gop_s, online[-1].gop_s) == (None, 1.0)


def test_the_latest_picture_is_masked_and_made_once(pool: LanePool, clip: Path) -> None:
    """The last keyframe as JPEG; asked again, the same bytes."""
    video, raws = recorded(clip)
    mask = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    rig = Rig(pool, [ScriptedSource(video, raws)], plan=replace(PLAN, once=True, masks=(mask,)))
    assert rig.watcher.latest_picture() is None
    rig.watcher.run(threading.Event())
    first, second = rig.watcher.latest_picture(), rig.watcher.latest_picture()
    assert first is not None
    assert first is second
    image = cv2.imdecode(np.frombuffer(first[0], np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image[:, :70].max() < 20
    assert image[:, 90:].mean() > 60
    assert first[1] == pytest.approx(2.0, abs=0.01)
    assert all(f.luma[:, :79].max() == 0 for f in rig.frames)


def test_a_damaged_keyframe_is_no_picture(pool: LanePool, clip: Path) -> None:
    """None, not an error: there is nothing to show."""
    video, raws = recorded(clip)
    rig = Rig(pool, [ScriptedSource(replace(video, codec="hevc"), raws[:GOP])], plan=replace(PLAN, once=True))
    rig.watcher.run(threading.Event())
    assert rig.watcher.latest_picture() is None


async def test_live_begins_with_the_last_gop(pool: LanePool, clip: Path) -> None:
    """A viewer gets the codec's true name and a picture without waiting; no feed for other codecs or no stream."""
    video, raws = recorded(clip)
    rig = Rig(pool, [ScriptedSource(video, raws)], plan=replace(PLAN, once=True))
    assert rig.watcher.live() is None
    rig.watcher.run(threading.Event())
    subscription = rig.watcher.live()
    assert subscription is not None
    with subscription as feed:
        assert feed.codec.startswith("avc1.64")
        first = await anext(feed.fragments())
    assert first[4:8] == b"ftyp"


def test_disarming_stops_the_looks(pool: LanePool, clip: Path) -> None:
    """Schedules are followed while the stream runs."""
    video, raws = recorded(clip)
    rig = Rig(pool, plan=replace(PLAN, once=True, cadence_s=1.0))

    def disarm(index: int) -> None:
        if index == GOP + 5:
            rig.watcher.change_policy(armed=False, cadence_s=1.0)

    rig.watcher._make_source = lambda: ScriptedSource(video, raws, before_each=disarm)
    rig.watcher.run(threading.Event())
    assert [round(f.at_s) for f in rig.frames] == [0, 1]


def test_a_recording_read_once_is_analysed_to_its_end(pool: LanePool, tmp_path: Path) -> None:
    """Unpaced and without loss: every keyframe of a minute, at media time."""
    path = write_clip(tmp_path / "long.mp4", 60.0)
    plan = replace(PLAN, stream=StreamConfig(url=f"file://{path}"), once=True, cadence_s=1.0)
    rig = Rig(pool, [FileSource("cam", path, realtime=False)], plan=plan)
    rig.watcher.run(threading.Event())
    assert [round(f.at_s) for f in rig.frames] == list(range(60))
    assert rig.watcher.state.dropped_gops == 0


def test_every_camera_error_has_a_state_of_its_own() -> None:
    """What a source may raise can be shown."""
    assert {c.state for c in CameraError.__subclasses__()} <= {s.value for s in CameraStateName}


def test_what_the_camera_says_of_itself_is_told(pool: LanePool, clip: Path) -> None:
    """Its clock against ours, the length of its GOPs, packets that never came, and which stream is read."""
    video, raws = recorded(clip)
    clock = FakeClock()

    def tick(_: int) -> None:
        clock._elapsed_s += 0.5

    source = ScriptedSource(video, raws, before_each=tick, lost_packets=7)
    source.wall_clock = WallClock(clock.now().timestamp() + 42.0, 0, clock.monotonic())
    rig = Rig(pool, [source], plan=replace(PLAN, once=True), clock=clock)
    rig.watcher.run(threading.Event())
    state = rig.states[-1]
    assert state.clock_offset_s == pytest.approx(42.0)
    assert (state.tier, state.gop_s, state.lost_packets, state.notes) == ("main", 1.0, 7, ())


def test_packets_are_kept_back_while_nothing_waits_for_them(pool: LanePool, clip: Path) -> None:
    """Until the first keyframe every packet is wanted at once; afterwards batches are cheaper."""
    video, raws = recorded(clip)
    source = ScriptedSource(video, raws)
    seen: list[bool] = []
    source.before_each = lambda _: seen.append(source.eager)
    Rig(pool, [source], plan=replace(PLAN, once=True)).watcher.run(threading.Event())
    assert seen[1:] == [False] * (len(raws) - 1)


def test_a_format_change_is_followed_at_once_but_not_in_a_loop(pool: LanePool, clip: Path) -> None:
    """After a while on the air the stream is opened anew without a pause; a camera that changes at once again waits."""
    video, raws = recorded(clip)
    clock = FakeClock()

    def tick(_: int) -> None:
        clock._elapsed_s += 0.5

    changed = StreamFormatChanged("cam", "now 1280x720")
    sessions = [
        ScriptedSource(video, raws, end=changed, before_each=tick),
        ScriptedSource(video, recorded(clip, arrival_s=50.0)[1], end=changed),
    ]
    rig = Rig(pool, sessions, clock=clock)
    assert rig.run(2).pauses == [0.0, 1.0]
    assert rig.names[:4] == ["connecting", "online", "online", "online"]


def test_two_streams_of_a_camera_can_be_compared_by_its_clock(pool: LanePool, clip: Path) -> None:
    """What the newest report says of a keyframe; nothing before a report, nor after a reconnection without one."""
    video, raws = recorded(clip)
    told = ScriptedSource(video, raws)
    first_pts = raws[0].pts
    assert first_pts is not None
    told.wall_clock = WallClock(1_700_000_050.0, first_pts + 90_000, 0.0)
    rig = Rig(pool, [told, ScriptedSource(video, recorded(clip, arrival_s=5.0)[1])])
    assert rig.watcher.utc_ahead_s is None
    rig.run(1)
    assert rig.watcher.utc_ahead_s == pytest.approx(1_700_000_049.0, abs=0.01)
    rig.run(1)
    assert rig.watcher.utc_ahead_s is None


def test_keyframes_that_stay_away_count_as_far_apart(pool: LanePool, clip: Path) -> None:
    """Unknown at first, then as measured, then the wait for the next one where that is longer."""
    video, raws = recorded(clip)
    late = [replace_keyframe(raw, arrival_s=raw.arrival_s + 12.0) for raw in recorded(clip)[1]]
    rig = Rig(pool, [ScriptedSource(video, raws[:GOP]), ScriptedSource(video, [*raws, *late])])
    assert rig.watcher.gop_s is None
    rig.run(1)
    assert rig.watcher.gop_s is None
    rig.run(1)
    assert rig.watcher.gop_s == pytest.approx(12 + 74 / 25 - 2, abs=0.1)


def replace_keyframe(raw: RawPacket, arrival_s: float) -> RawPacket:
    assert raw.pts is not None
    assert raw.dts is not None
    later = 12 * 90_000
    return raw._replace(keyframe=False, pts=raw.pts + later, dts=raw.dts + later, arrival_s=arrival_s)


def test_second_stream_gives_way_to_a_camera_without_any(pool: LanePool, clip: Path) -> None:
    """It ends its session with the next packet, says that it waits, and frees the place."""
    video, raws = recorded(clip)
    limits = StreamLimits(per_host=1)
    entered, going = threading.Event(), threading.Event()

    def hold() -> None:
        with limits.stream("other", "nvr", going):
            entered.set()
            going.wait(TIMEOUT_S)

    thread = threading.Thread(target=hold)

    def crowd(index: int) -> None:
        if index == 5:
            thread.start()
            while not limits._streams._spare["nvr"][0].recalled:
                assert thread.is_alive()

    source = ScriptedSource(video, raws, before_each=crowd)
    rig = Rig(pool, [source], plan=replace(PLAN, limit_key="nvr", spare=True), limits=limits)
    rig.run(1)
    assert entered.wait(TIMEOUT_S)
    going.set()
    thread.join(TIMEOUT_S)
    assert rig.names == ["connecting", "online", "waiting"]
    assert source.closed == 1


def test_what_waits_to_be_analysed_is_kept_in_both_rings(pool: LanePool, clip: Path) -> None:
    """The clip comes from the other stream: its pre-roll must not go by age while the analysis is behind."""
    video, raws = recorded(clip)
    rig = Rig(pool, plan=replace(PLAN, once=True, cadence_s=1.0))
    other, pinned = PacketRing(), list[dict[str, float]]()
    rig.watcher.hold_also(other)

    def analyse(frame: Frame) -> Outcome:
        pinned.append(dict(other._pins))
        return Outcome(frame.at_s, moving=False, occupied=False)

    rig.watcher._inspection._analyse = analyse
    rig.watcher._make_source = lambda: ScriptedSource(video, raws)
    rig.watcher.run(threading.Event())
    assert [list(pins) for pins in pinned] == [[f"{ANALYSIS_PIN}:main"]] * 3
    assert other._pins == {}


def test_stream_kept_for_evidence_can_be_armed_at_any_time(pool: LanePool, clip: Path) -> None:
    """Nothing of it is decoded until the other stream is gone; then its keyframes are, without a new connection."""
    video, raws = recorded(clip)
    rig = Rig(pool, plan=replace(PLAN, once=True, armed=False))

    def arm(index: int) -> None:
        if index == GOP + 5:
            rig.watcher.change_policy(armed=True, cadence_s=1.0)

    rig.watcher._make_source = lambda: ScriptedSource(video, raws, before_each=arm)
    rig.watcher.run(threading.Event())
    assert [round(f.at_s) for f in rig.frames] == [2]
