"""One watched camera: its watcher thread, its analyst and its event desk, wired together."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from camera_configs.models import CameraConfig, SiteConfig, StreamConfig
from detectors import fire_smoke
from detectors.base import Detector
from detectors.coco import scene_label
from gateway.analysis.analyst import Analyst
from gateway.analysis.events import EventBuilder
from gateway.analysis.glance import Glance
from gateway.analysis.health.state_faults import Watched
from gateway.analysis.offline import OfflineRule
from gateway.analysis.ruleset import RuleSet, foreground_for, make_rules
from gateway.analysis.schedule import Local
from gateway.camera.choice import Role, StreamChoice
from gateway.camera.decoder import PrivacyMask
from gateway.camera.live import Subscription
from gateway.camera.snapshots.look import masked_jpeg
from gateway.camera.snapshots.poller import ModeChange, Polled
from gateway.camera.snapshots.probe import Trouble
from gateway.camera.snapshots.watch import Mode
from gateway.camera.watcher import CameraWatcher, Surroundings, WatchPlan
from gateway.errors import StreamCorrupt
from gateway.fleet.camera_hints import NOTES, CameraHints
from gateway.fleet.count_clerk import CountClerk
from gateway.fleet.duty import Duties, Duty
from gateway.fleet.event_desk import DeskTools, EventDesk, OpenCase, Report
from gateway.fleet.footage import Footage
from gateway.fleet.hints import HintTier
from gateway.fleet.model_budget import ModelBudget, metered
from gateway.fleet.passwords import Unseal, password_of
from gateway.fleet.polling_tier import PollingTier
from gateway.fleet.preset_pictures import PresetPictures
from gateway.fleet.scene_models import KnownTypes, scene_models, seen_types
from gateway.fleet.shown_state import shown_state, streams_apart
from gateway.fleet.stream_side import StreamSide, Watchers
from gateway.onvif.topics import HintKind
from gateway.settings import Settings
from gateway.types import Frame, Outcome, Phase
from storage.records import CameraState, CameraStateName, CoverageState

logger = structlog.get_logger(__name__)

# Until the stream's own keyframes have told.
USUAL_GOP_S = 2.0
# What a look may take from its moment to its result, and a stream from its first keyframe to its first look.
LOOK_GRACE_S = 2.0
# `CameraState.tier` of a camera that is watched by its snapshots.
POLL_TIER = "poll"
VIEW_UNKNOWN = "view_unknown"
_OWN_NOTES = frozenset({*NOTES.values(), VIEW_UNKNOWN})
# With less of the picture left than this, a camera counts as masked.
LEAST_VISIBLE_SHARE = 0.02
ROLES: tuple[Role, ...] = ("main", "sub")
# How far analysis may be behind the camera before its silence is taken for the camera's.
ANALYSIS_LAG_S = 10.0


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What all cameras of a worker share."""

    site: SiteConfig
    settings: Settings
    shared: Surroundings
    detectors: Mapping[str, Detector | None]  # by detector setting; None: motion, which each camera has of its own
    scene_types: KnownTypes
    tools: DeskTools
    open_case: OpenCase
    worker_id: str
    run_id: str
    polling: PollingTier | None = None  # None: nothing is polled
    hints: HintTier | None = None  # None: cameras' own events are not listened to
    unseal: Unseal | None = None
    counts: CountClerk | None = None  # None: what crosses lines is not kept
    presets: PresetPictures = field(default_factory=dict)
    model_budget: ModelBudget | None = None  # None: models have time without end


class CameraUnit:
    """Watches one camera by its streams, or by its snapshots while these will do; used on the worker's event loop.

    Attributes:
        camera: Its configuration.
        duty: What the rules in force ask for.
        mask: What must not be seen.
        desk: Keeps its events.
        state: As it is to be shown.
    """

    def __init__(self, camera: CameraConfig, parts: WorkerParts) -> None:
        self.camera = camera
        self._clock = parts.shared.clock
        spec = camera.detector or parts.settings.detector
        detectors = metered(parts.detectors, camera.id, parts.model_budget)
        detector = detectors[spec]
        fire = detectors.get(fire_smoke.NAME)
        models = scene_models(parts.scene_types, camera, detectors)
        rules = make_rules(
            camera,
            group_labels(detector),
            parts.site.event_type,
            fire=fire is not None,
            seen=seen_types(models),
        )
        for rule_id, reason in rules.unarmed:
            logger.info("rule not armed", camera=camera.id, rule=rule_id, reason=reason)
        local = Local.of(parts.site, camera, ZoneInfo(parts.settings.timezone))
        self._analyst = Analyst(
            camera,
            rules,
            foreground_for(camera, rules),
            detector,
            self._clock.utc_at,
            fire=fire,
            models=models,
            time_zone=local,
            presets=parts.presets.get(camera.id, ()) if camera.presets else None,
        )
        self._offline: OfflineRule | None = rules.offline
        self._duties = Duties(rules, parts.site.event_type, local)
        self.duty = self._duties.at(self._clock.now())
        self._masked = visible_share(camera) < LEAST_VISIBLE_SHARE
        self._raised_in: Frame | None = None
        self._ready_s: float | None = None  # since when looks are due: the camera is there and something is armed
        self._analysed_s = -math.inf  # moment of the last frame; written by the lane, read by the loop
        self.mask = PrivacyMask(zone.polygon for zone in camera.privacy_masks)
        self._rules = rules
        self._parts = parts
        self._turn = threading.Lock()  # one frame at a time, be it of the stream or a look
        self._outcome: Outcome | None = None
        self._mode: ModeChange | None = None  # None: not polled
        self._hints = CameraHints()
        self._telling = threading.Lock()
        self._look: Polled | None = None
        self._told: dict[str, CameraState] = {}  # by the present watchers, by the stream they read
        choice = StreamChoice(keep_to_sub=camera.analyse == "sub") if len(watched_streams(camera)) > 1 else None
        self._stream = StreamSide(f"camera:{camera.id}", self._make_watchers, choice)
        self.state = self.watcher.state
        builder = EventBuilder(self._clock, parts.site, parts.run_id, detector.name if detector else "motion")
        footage = Footage(camera.id, self._stream, lambda: self.watcher, self.mask, self._looks_before)
        self.desk = EventDesk(camera, builder, footage, parts.tools, parts.open_case)

    @property
    def watcher(self) -> CameraWatcher:
        """Of the stream analysed; the last one while that is closed."""
        return self._stream.watcher

    @property
    def polling(self) -> bool:
        """Watched by snapshots alone."""
        return self._mode is not None and self._mode.mode is Mode.POLLING

    @property
    def opening(self) -> bool:
        """A stream of a camera with snapshots is being opened and has shown nothing yet."""
        states = [watcher.state.state for watcher in self._stream.watchers.values()]
        return self._mode is not None and self._stream.is_open and CameraStateName.CONNECTING in states

    def start(self) -> None:
        """Begin to watch, with the streams."""
        self._stream.open(self._clock.monotonic())

    def stop(self) -> None:
        """End the watching for good; threads end within their read timeout."""
        self._stream.end()

    def join(self, timeout_s: float) -> None:
        """Wait for the threads; blocks."""
        self._stream.join(timeout_s)

    def latest_picture(self) -> tuple[bytes, float] | None:
        """Return the last picture as JPEG, masks painted, and its moment; blocks for decoding."""
        look = self._look
        found = None if self.polling and look is not None else self.stream_picture()
        if found is not None or look is None:
            return found
        with suppress(StreamCorrupt):
            return masked_jpeg(self.camera.id, look.jpeg, self.mask), look.at_s
        return None

    def stream_picture(self) -> tuple[bytes, float] | None:
        """Return the last keyframe likewise, of the main stream while it is there."""
        found = (watcher.latest_picture() for watcher in self._stream.best_first)
        return next((picture for picture in found if picture is not None), None)

    def live(self) -> Subscription | None:
        """Return a live feed, of the main stream if it can; None where only pictures can be shown, or all is closed."""
        feeds = (watcher.live() for watcher in self._stream.best_first) if self._stream.is_open else ()
        return next((feed for feed in feeds if feed is not None), None)

    def take_hint(self, kind: HintKind, *, active: bool) -> None:
        """Hear what the camera's own device believes: a reason to look soon and a note, never an event. On the loop."""
        before = self._hints.notes
        if self._hints.take(kind, self._clock.monotonic(), active=active):
            self._look_soon()
        if self._hints.notes != before:
            self._show_notes()

    def forget_hints(self) -> None:
        """The camera's device is not heard any more."""
        self._hints.forget()
        self._show_notes()

    def take_look(self, look: Polled) -> None:
        """Note that a look came."""
        self._look = look
        if self.polling:
            now = self._clock.now()
            with self._telling:
                self.state = replace(self.state, updated_at=now, last_picture_at=self._clock.utc_at(look.at_s))

    def look(self, frame: Frame) -> Outcome:
        """Analyse a look and pass on what it says; on a lane's thread."""
        outcome = self._analyse(frame)
        self._pass_on(outcome)
        return outcome

    def change_mode(self, change: ModeChange | None) -> None:
        """Open or close the stream, as the poller asks."""
        with self._telling:
            self._mode = change
            if self.polling:
                self._show_polling()
            else:
                self.state = replace(self.state, notes=self._notes(self.state.notes))
        if self.polling:
            self._stream.close()
        else:
            self._stream.open(self._clock.monotonic())

    def tick(self) -> None:
        """Let time pass where no frames come; call about once a second, on the loop."""
        now_s = self._clock.monotonic()
        self._follow_streams(now_s)
        self._follow_schedules()
        if self._parts.polling is not None:
            self._parts.polling.follow(self)
        if self._parts.hints is not None:
            self._parts.hints.follow(self)
        if self._hints.due(now_s):
            self._look_soon()
        self._show_notes()
        self.desk.expire(self._analysed_s, now_s - ANALYSIS_LAG_S)
        signals = [] if self._offline is None else self._offline.update(self.state.state, now_s)
        undecodable = sum(watcher.undecodable for watcher in self._stream.watchers.values())
        watched = Watched(self.state, self._overdue(now_s), undecodable)
        signals += [s for rule in self._rules.states for s in rule.update(watched, now_s)]
        if signals:
            self.desk.mailbox.put(Report(tuple(signals)))

    def coverage(self, now_s: float) -> CoverageState:
        """Say what is being done with the camera."""
        there = self.state.state is CameraStateName.ONLINE
        if not (there and self.duty.armed):
            self._ready_s = None
        elif self._ready_s is None:
            self._ready_s = now_s
        if self._covered_by_polls(now_s):
            return self._polled(now_s) if self.duty.armed else CoverageState.PAUSED
        if not there:
            return CoverageState.OFFLINE
        if not self.duty.armed:
            return CoverageState.PAUSED
        if self._masked:
            return CoverageState.MASKED
        if not self._looked_in_time(now_s):
            return CoverageState.OVERLOADED
        return CoverageState.ANALYSED if self.watcher.gate.bursting else CoverageState.LOOKED

    def _look_soon(self) -> None:
        """Bring the next look forward, by whichever way the camera is watched."""
        if not self.duty.armed:
            return
        if self.polling and self._parts.polling is not None:
            self._parts.polling.hasten(self.camera.id)
        else:
            self.watcher.gate.hint()
        if self._parts.hints is not None:
            self._parts.hints.note_look()

    def _covered_by_polls(self, now_s: float) -> bool:
        """Say whether snapshots answer for this second: also while the stream that they called for is opened."""
        opening = self._mode is not None and self.state.state is CameraStateName.CONNECTING
        return self.polling or (opening and now_s <= self._next_look_due_s)

    def _polled(self, now_s: float) -> CoverageState:
        if self._masked:
            return CoverageState.MASKED
        if now_s <= self._next_look_due_s:
            return CoverageState.POLLED
        came_s = -math.inf if self._look is None else self._look.at_s
        waits = now_s <= came_s + self.duty.cadence_s + LOOK_GRACE_S
        return CoverageState.OVERLOADED if waits else CoverageState.OFFLINE

    @property
    def _next_look_due_s(self) -> float:
        """When the next look must be analysed at the latest."""
        return self._analysed_s + self.duty.cadence_s + LOOK_GRACE_S

    def _overdue(self, now_s: float) -> bool:
        """Say whether a picture should have been analysed by now, whoever is to blame for it."""
        if not self.duty.armed or self._masked:
            return False
        return now_s > self._next_look_due_s if self.polling else not self._looked_in_time(now_s)

    def _looked_in_time(self, now_s: float) -> bool:
        gop_s = self.state.gop_s or USUAL_GOP_S
        first_due_s = (now_s if self._ready_s is None else self._ready_s) + LOOK_GRACE_S
        return now_s <= max(first_due_s, self._analysed_s + self.duty.cadence_s + gop_s + LOOK_GRACE_S)

    def _follow_schedules(self) -> None:
        duty = self._duties.at(self._clock.now())
        if duty != self.duty:
            self.duty = duty
            self._arm()
            logger.info("rules in force changed", camera=self.camera.id, armed=duty.armed, cadence_s=duty.cadence_s)

    def _follow_streams(self, now_s: float) -> None:
        """Analyse the stream that does best now; the other goes on being received."""
        if len(self._stream.watchers) == 1:
            return
        if self._stream.follow(now_s):
            self._arm()
            logger.info("stream changed", camera=self.camera.id, analysed=self._stream.analysed)
        with self._telling:
            if not self.polling and self._told:
                self._show()

    def _arm(self) -> None:
        duty, stream = self.duty, self._stream
        for watcher in stream.watchers.values():
            armed = duty.armed and watcher is stream.watcher
            watcher.change_policy(armed=armed, cadence_s=duty.cadence_s, dwell_s=duty.dwell_s)

    def _make_watchers(self, analysed: Role) -> Watchers:
        self._told = {}
        watchers: dict[Role, CameraWatcher] = {}
        for stream in watched_streams(self.camera):
            plan = watch_plan(self.camera, stream, self.duty, self._parts)
            watchers[stream.role] = self._make_watcher(
                plan if stream.role == analysed else replace(plan, armed=False),
                lambda: self._stream.watchers is watchers,
            )
        if len(watchers) > 1:
            watchers["sub"].hold_also(watchers["main"].ring)
            watchers["main"].hold_also(watchers["sub"].ring)
        return watchers

    def _make_watcher(self, plan: WatchPlan, is_present: Callable[[], bool]) -> CameraWatcher:
        def note(state: CameraState) -> None:
            if is_present():  # a former one has nothing to say any more
                self._note_state(state)

        return CameraWatcher(
            plan,
            self._parts.shared,
            analyse=self._analyse,
            on_outcome=self._report,
            on_state=note,
            glance=Glance(watched_zones(self._rules)),
        )

    def _analyse(self, frame: Frame) -> Outcome:
        with self._turn:
            if self._outcome is not None and frame.at_s <= self._analysed_s:  # between stream and snapshots
                return replace(self._outcome, signals=(), crossings=())
            outcome = self._outcome = self._analyst.analyse(frame)
            self._analysed_s = frame.at_s
            if outcome.crossings and self._parts.counts is not None:
                self._parts.counts.note(self.camera.id, outcome.crossings)
            if any(signal.phase is Phase.RAISED for signal in outcome.signals):
                self._raised_in = frame
        return outcome

    def _report(self, outcome: Outcome) -> None:
        if self._mode is not None and self._parts.polling is not None:
            self._parts.polling.report(self.camera.id, outcome)
        self._pass_on(outcome)

    def _pass_on(self, outcome: Outcome) -> None:
        if not outcome.signals:
            return
        frame, self._raised_in = self._raised_in, None
        picture = None if frame is None else frame.bgr
        self.desk.mailbox.put(Report(outcome.signals, picture, None if frame is None else self._analyst.reference))

    def _note_state(self, state: CameraState) -> None:
        with self._telling:
            self._told[state.tier] = state
            if not self.polling:
                self._show()

    def _show(self) -> None:
        """Show what the watchers told; to be called with `_telling` held."""
        notes = (*self._stream.notes, *streams_apart(self._stream.watchers.values()))
        state = shown_state(self._told, self._stream.analysed, notes)
        self.state = replace(state, notes=self._notes(state.notes))

    def _show_polling(self) -> None:
        now, old = self._clock.now(), self.state
        since = old.since if old.state is CameraStateName.ONLINE else now
        online, notes = CameraStateName.ONLINE, self._notes(())
        self.state = replace(old, state=online, since=since, updated_at=now, detail="", tier=POLL_TIER, notes=notes)

    def _show_notes(self) -> None:
        with self._telling:
            notes = self._notes(self.state.notes)
            if notes != self.state.notes:
                self.state = replace(self.state, notes=notes)

    def _notes(self, notes: Sequence[str]) -> tuple[str, ...]:
        """Add what its device believes, that no preset is in view, and why snapshots will not do."""
        others = tuple(note for note in notes if note not in set(Trouble) | _OWN_NOTES) + self._hints.notes
        others += (VIEW_UNKNOWN,) if self._analyst.view_unknown and self._analysed_s > -math.inf else ()
        mode = self._mode
        return (*others, mode.reason) if mode is not None and mode.reason in set(Trouble) else others

    def _looks_before(self, since_s: float) -> Sequence[Polled]:
        """Return the looks that led to what began then."""
        tier = self._parts.polling
        looks = () if tier is None or self._mode is None else tier.looks(self.camera.id)
        fresh = bool(looks) and looks[-1].at_s >= since_s - self.duty.cadence_s - LOOK_GRACE_S
        return looks if fresh else ()


def watched_zones(rules: RuleSet) -> list[tuple[tuple[float, float], ...]]:
    """Return the polygons of the rules that wait for something to come; what shows in single looks needs no glance."""
    return [a.rule.zone.polygon for a in rules.armed if a.follows]


def group_labels(detector: Detector | None) -> tuple[str, ...]:
    """Return the scene-level groups that a model can tell apart; empty without one."""
    if detector is None:
        return ()
    return tuple(sorted({group for label in detector.labels if (group := scene_label(label)) is not None}))


def visible_share(camera: CameraConfig) -> float:
    """Return how much of the picture its privacy masks leave, 0-1."""
    picture = np.full((90, 160), 255, np.uint8)
    PrivacyMask(zone.polygon for zone in camera.privacy_masks).paint(picture)
    return float(np.count_nonzero(picture) / picture.size)


def watched_streams(camera: CameraConfig) -> list[StreamConfig]:
    """Return the streams that are received, main first."""
    roles = ROLES[:1] if camera.analyse == "main" else ROLES
    return [stream for role in roles if (stream := camera.stream(role)) is not None]


def watch_plan(camera: CameraConfig, stream: StreamConfig, duty: Duty, parts: WorkerParts) -> WatchPlan:
    """Return what the watcher of a camera's stream needs to know."""
    return WatchPlan(
        camera_id=camera.id,
        stream=stream,
        password=password_of(stream, parts.unseal),
        armed=duty.armed,
        cadence_s=duty.cadence_s,
        dwell_s=duty.dwell_s,
        audit_share=parts.settings.audit_share,
        masks=tuple(zone.polygon for zone in camera.privacy_masks),
        limit_key=limit_key(camera, stream),
        spare=stream.role == "sub",
        worker_id=parts.worker_id,
        ring_seconds=parts.settings.ring_s,
    )


def limit_keys(camera: CameraConfig) -> list[str]:
    """Return the keys of all streams that are received: each counts."""
    return [limit_key(camera, stream) for stream in watched_streams(camera)]


def limit_key(camera: CameraConfig, stream: StreamConfig) -> str:
    """Return what a stream shares the number of streams with: its recorder, or the host of its address."""
    return camera.recorder or urlsplit(stream.url).hostname or "file"
