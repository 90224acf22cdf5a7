"""One camera, watched for as long as it is configured: connect, read, remember, choose, and try again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import structlog

from camera_configs.models import StreamConfig
from gateway.camera.alignment import utc_ahead_s
from gateway.camera.decoder import KeyframeDecoders, Polygon, PrivacyMask
from gateway.camera.gate import BURST_FPS, LINGER_S, LONG_GOP_S, ActivityGate, DecodeRequest, GatePolicy
from gateway.camera.inspection import Analyse, Glance, Inspection
from gateway.camera.lane import LanePool
from gateway.camera.limits import Place, StreamLimits
from gateway.camera.live import LiveHub, Subscription, codec_string, with_size
from gateway.camera.packets import PacketSource, RawPacket, WallClock
from gateway.camera.picture import LatestPicture
from gateway.camera.ring import DEFAULT_MAX_BYTES, DEFAULT_SECONDS, PacketRing
from gateway.camera.source import source_for
from gateway.camera.timeline import Timeline
from gateway.clock import Clock, SystemClock
from gateway.errors import CameraAuthError, CameraBusy, CameraError, StreamEnded, StreamFormatChanged
from gateway.supervise import Backoff, attempt
from gateway.types import Outcome, Packet, VideoFormat
from storage.records import CameraState, CameraStateName

logger = structlog.get_logger(__name__)

# A state without change is told again this often, so that its counters stay fresh.
REPORT_EVERY_S = 10.0
# Waiting for the last frames of an unpaced recording to be analysed.
DRAIN_TIMEOUT_S = 120.0
# A camera that changes its format is opened anew at once, unless it did so a moment ago: some never hold to what they
# describe.
FORMAT_HELD_S = 10.0
ANALYSIS_PIN = "analysis"


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What one watcher needs to know of its camera and the stream it reads; a changed configuration means a new one."""

    camera_id: str
    stream: StreamConfig
    password: str | None = field(default=None, repr=False)
    armed: bool = True  # False: packets are kept, nothing is decoded
    cadence_s: float = 2.0
    masks: tuple[Polygon, ...] = ()
    limit_key: str = ""  # recorder id; empty: the host of the stream's address
    spare: bool = False  # the camera's second stream: given back where another camera has none
    worker_id: str = ""
    dwell_s: float = 0.0  # the shortest of the armed rules; long ones need no bursts
    audit_share: float = 0.0  # of the GOPs that nothing asks for, analysed in full all the same
    ring_seconds: float = DEFAULT_SECONDS
    ring_bytes: int = DEFAULT_MAX_BYTES
    burst_fps: float = BURST_FPS
    linger_s: float = LINGER_S
    once: bool = False  # a recording read without pacing: nothing is dropped, and its end is the end

    @property
    def policy(self) -> GatePolicy:
        """What the gate is told."""
        return GatePolicy(
            self.armed, self.cadence_s, self.burst_fps, self.linger_s, self.dwell_s, audit_share=self.audit_share
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all watchers of a process share."""

    lanes: LanePool
    limits: StreamLimits = field(default_factory=StreamLimits)
    decoders: KeyframeDecoders = field(default_factory=KeyframeDecoders)
    clock: Clock = field(default_factory=SystemClock)


class CameraWatcher:
    """Watches one stream in the thread that calls `run`; everything else may be called from any thread.

    A camera with two streams has two watchers, of which one is armed; the other keeps its packets for evidence, and
    can be armed at any time.

    Args:
        plan: What to watch.
        shared: Lanes, limits, decoders and clock of this process.
        analyse: Looks at one frame, in order of time; called on a lane's thread.
        on_outcome: Hears every analysed frame's outcome, on the lane's thread. Must not block.
        on_state: Hears every change of state, and the counters now and then, on the camera's thread. Must not block.
        glance: See `Inspection`.
        make_source: Returns a fresh source for each session.
        backoff: Pauses after failures; `auth_backoff` after refused credentials, for cameras lock accounts.

    Attributes:
        ring: The last seconds, for clips; pin it while an event may come.
        gate: Its counters.
    """

    def __init__(
        self,
        plan: WatchPlan,
        shared: Surroundings,
        *,
        analyse: Analyse,
        on_outcome: Callable[[Outcome], None],
        on_state: Callable[[CameraState], None],
        glance: Glance | None = None,
        make_source: Callable[[], PacketSource] | None = None,
        backoff: Backoff | None = None,
        auth_backoff: Backoff | None = None,
    ) -> None:
        self._plan = plan
        self._shared = shared
        self._clock = shared.clock
        self._on_state = on_state
        self._make_source = make_source or partial(source_for, plan.camera_id, plan.stream, plan.password)
        self._backoff = backoff or Backoff(base_s=1.0, cap_s=60.0)
        self._auth_backoff = auth_backoff or Backoff(base_s=30.0, cap_s=600.0, jitter=0.2)
        mask = PrivacyMask(plan.masks)
        self._picture = LatestPicture(plan.camera_id, shared.decoders, mask)
        self.ring = PacketRing(plan.ring_seconds, plan.ring_bytes)
        self.gate = ActivityGate(plan.policy, self.ring)
        self.hub = LiveHub()
        self._inspection = Inspection(
            plan.camera_id, self.gate, shared.decoders, analyse, on_outcome, mask, glance=glance
        )
        self._lane = shared.lanes.lane(plan.camera_id, self._work, on_refused=self.gate.refuse_burst)
        self._announced: VideoFormat | None = None  # as the source said
        self._video: VideoFormat | None = None  # the same, completed from the first keyframe
        self._timeline: Timeline | None = None
        self._held_s: float | None = None  # the moment whose pre-roll the analysis still needs
        self._held_rings: tuple[PacketRing, ...] = (self.ring,)
        self._pin_key = f"{ANALYSIS_PIN}:{plan.stream.role}"
        self._online_s: float | None = None
        self._keyframe_s: float | None = None
        self._reported_s = 0.0
        self._clock_offset_s: float | None = None
        self._utc_ahead_s: float | None = None
        self._lost_packets = 0
        now = self._clock.now()
        self._state = CameraState(
            plan.camera_id, CameraStateName.CONNECTING, now, now, worker_id=plan.worker_id, tier=plan.stream.role
        )

    @property
    def state(self) -> CameraState:
        """What was last told to `on_state`."""
        return self._state

    @property
    def video(self) -> VideoFormat | None:
        """The stream's format, None before the first session."""
        return self._video

    @property
    def utc_ahead_s(self) -> float | None:
        """See `alignment.utc_ahead_s`; None: this session has not told."""
        return self._utc_ahead_s

    @property
    def undecodable(self) -> int:
        """Keyframes so far of which no picture came."""
        return self._inspection.undecodable

    @property
    def gop_s(self) -> float | None:
        """Seconds from keyframe to keyframe, or since the last one where that is longer; None: not known yet."""
        newest_s, keyframe_s = self.ring.newest_s, self._keyframe_s
        waited_s = 0.0 if newest_s is None or keyframe_s is None else newest_s - keyframe_s
        if self.gate.gop_s is None:
            return waited_s if waited_s >= LONG_GOP_S else None
        return max(self.gate.gop_s, waited_s)

    def hold_also(self, ring: PacketRing) -> None:
        """Keep the pre-roll of what waits to be analysed in another ring too, before `run`: evidence comes from there.

        That ring's own watcher must not do the same with the same role.
        """
        self._held_rings = (self.ring, ring)

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set, which is noticed within the read timeout. Never raises a camera's failure."""
        self._tell(CameraStateName.CONNECTING)
        try:
            while not stop.is_set():
                self._online_s = None
                error = attempt(self._plan.camera_id, partial(self._session, stop))
                if stop.is_set() or (self._plan.once and isinstance(error, StreamEnded)):
                    break
                stop.wait(self._fail(error))
        finally:
            if self._plan.once and not stop.is_set():
                self._lane.drain(DRAIN_TIMEOUT_S)
            self._lane.close()
            self.hub.end()

    def change_policy(self, *, armed: bool, cadence_s: float, dwell_s: float = 0.0) -> None:
        """Follow the schedules: what the rules in force ask for now."""
        self.gate.change_policy(replace(self._plan.policy, armed=armed, cadence_s=cadence_s, dwell_s=dwell_s))

    def latest_picture(self) -> tuple[bytes, float] | None:
        """Return the last keyframe as JPEG, masks painted, and its moment; None when there is none or it is damaged.

        Decodes and encodes on first asking (30 ms for 1080p): call it in a thread, not on an event loop.
        """
        packets, video = self.ring.last_gop(), self._video
        return self._picture.of(packets[0], video) if packets and video is not None else None

    def live(self) -> Subscription | None:
        """Return a live feed to be entered on the viewer's event loop; None where only pictures can be shown."""
        video, packets = self._video, self.ring.last_gop()
        codec = codec_string(video, packets[0]) if video and packets else None
        if video is None or codec is None:
            return None
        return self.hub.subscribe(video, codec, self.ring.last_gop)

    def _session(self, stop: threading.Event) -> None:
        plan, limits = self._plan, self._shared.limits
        key = plan.limit_key or urlsplit(plan.stream.url).hostname or "file"
        waiting = partial(self._tell, CameraStateName.WAITING, f"all streams of {key} are in use")
        with limits.stream(plan.camera_id, key, stop, waiting, spare=plan.spare) as place:
            source = self._make_source()
            try:
                with limits.opening(plan.camera_id, key, stop):
                    video = source.open()
                self._begin(video)
                self._read(source, stop, place)
            finally:
                source.close()

    def _begin(self, video: VideoFormat) -> None:
        self.gate.interrupt()
        self._utc_ahead_s = None
        if video == self._announced and self._timeline is not None:
            self._timeline.reconnect()  # the same stream again: clips may reach over the gap
            return
        self._timeline = Timeline(video.time_base)
        self.ring.clear()
        self._lane.discard()
        self._release()
        self.hub.end()
        self._announced = self._video = video

    def _read(self, source: PacketSource, stop: threading.Event, place: Place) -> None:
        for raw in source.packets():
            if stop.is_set():
                return
            if place.recalled:
                raise CameraBusy(self._plan.camera_id, "gives way to a camera without any stream")
            packet = self._take(raw)
            hurried = self._keyframe_s is None or self.hub.viewers > 0 or self.gate.bursting
            if hurried is not source.eager:
                source.eager = hurried
            if raw.keyframe:
                self._note_keyframe(source, raw, packet)

    def _take(self, raw: RawPacket) -> Packet:
        packet = self._placed(raw)
        if packet.keyframe and self._video is not None and not self._video.width:
            self._video = with_size(self._video, packet)
        self.ring.append(packet)
        self.hub.publish(packet)
        requests = self.gate.offer(packet)
        if requests:
            self._hold(requests[0].packets[0].at_s)
        for request in requests:
            self._lane.submit(request, lossless=self._plan.once)
        if packet.keyframe:
            self._keyframe_s = packet.at_s
        return packet

    def _placed(self, raw: RawPacket) -> Packet:
        assert self._timeline is not None  # noqa: S101 - made when the session began
        assert self._video is not None  # noqa: S101
        stamp = self._timeline.place(raw.pts, raw.dts, raw.arrival_s)
        return Packet(raw.payload, stamp.pts, stamp.dts, self._video.time_base, raw.keyframe, raw.size, stamp.at_s)

    def _note_keyframe(self, source: PacketSource, raw: RawPacket, packet: Packet) -> None:
        self._note_clock(source.wall_clock, raw, packet)
        self._lost_packets = source.lost_packets
        if self._online_s is None:
            self._online_s = self._clock.monotonic()
            self._tell(CameraStateName.ONLINE)
        elif self._clock.monotonic() - self._reported_s >= REPORT_EVERY_S:
            self._tell(CameraStateName.ONLINE)

    def _note_clock(self, told: WallClock | None, raw: RawPacket, packet: Packet) -> None:
        """Compare the camera's clock, as its newest sender report told it, with ours."""
        if told is None:
            return
        if raw.pts is not None:
            self._utc_ahead_s = utc_ahead_s(told, raw.pts, packet.at_s, packet.time_base)
        self._clock_offset_s = told.utc_s - self._clock.utc_at(told.arrival_s).timestamp()

    def _work(self, request: DecodeRequest) -> None:
        if self._video is None:
            return
        last_s = request.packets[-1].at_s
        newest_s = self.ring.newest_s or last_s
        self._keep(request.packets[0].at_s)
        try:
            self._inspection.work(request, self._video, 0.0 if self._plan.once else max(0.0, newest_s - last_s))
        finally:
            if self._lane.waiting == 0:
                self._release()

    def _hold(self, at_s: float) -> None:
        """Keep the pre-roll of what waits to be analysed: on a busy machine the ring would outrun the analysis."""
        if self._held_s is None:
            self._keep(at_s)

    def _keep(self, at_s: float) -> None:
        self._held_s = at_s
        for ring in self._held_rings:
            ring.pin(self._pin_key, at_s - self._plan.ring_seconds)

    def _release(self) -> None:
        self._held_s = None
        for ring in self._held_rings:
            ring.unpin(self._pin_key)

    def _fail(self, error: Exception | None) -> float:
        """Tell what went wrong and return the pause before the next try, in seconds."""
        ran_s = 0.0 if self._online_s is None else self._clock.monotonic() - self._online_s
        if isinstance(error, StreamFormatChanged) and ran_s >= FORMAT_HELD_S:
            self._tell(CameraStateName.CONNECTING, error.detail)
            return 0.0
        slow = isinstance(error, CameraAuthError)
        pause_s = (self._auth_backoff if slow else self._backoff).next_pause_s(ran_for_s=ran_s)
        if not slow:
            self._auth_backoff.reset()
        name = CameraStateName(error.state) if isinstance(error, CameraError) else CameraStateName.OFFLINE
        detail = error.detail if isinstance(error, CameraError) else "internal error, see the log"
        attempts = 1 if self._online_s is not None else self._state.attempts + 1
        self._tell(name, detail, attempts=attempts, pause_s=pause_s)
        return pause_s

    def _tell(
        self, name: CameraStateName, detail: str = "", *, attempts: int = 0, pause_s: float | None = None
    ) -> None:
        now = self._clock.now()
        old, video = self._state, self._video
        if name is not old.state:
            stream = self._plan.stream.role
            logger.info("camera state", camera=self._plan.camera_id, stream=stream, state=name.value, detail=detail)
        self._state = replace(
            old,
            state=name,
            since=now if name is not old.state else old.since,
            updated_at=now,
            detail=detail,
            attempts=attempts,
            next_try_at=None if pause_s is None else now + timedelta(seconds=pause_s),
            last_picture_at=None if self._keyframe_s is None else self._clock.utc_at(self._keyframe_s),
            codec=video.codec if video else "",
            width=video.width if video else 0,
            height=video.height if video else 0,
            fps=video.fps if video else None,
            looks=self._inspection.frames,
            dropped_gops=self._lane.dropped_gops + self.ring.dropped_gops,
            tier=self._plan.stream.role,
            clock_offset_s=self._clock_offset_s,
            gop_s=self.gate.gop_s,
            notes=("long_gop",) if self.gate.long_gop else (),
            audited=self.gate.audits.audited,
            audit_active=self.gate.audits.active,
            audit_missed=self.gate.audits.missed,
            refused_looks=self._lane.refused_looks,
            refused_bursts=self.gate.refused_bursts + self.gate.lost_bursts,
            lost_packets=self._lost_packets,
        )
        self._reported_s = self._clock.monotonic()
        self._on_state(self._state)
