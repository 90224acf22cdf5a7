"""A recording through the very pipeline that watches a camera, as fast as it can be read, the same way every time.

Nothing here goes by the machine's clock: moments are those of the recording, each piece of work is done before the
next packet is read, and no GOPs are picked at random. A loaded machine is slower, and sees the same.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from camera_configs.models import CameraConfig, GridConfig, RegionConfig, SiteConfig
from camera_configs.taxonomy import EventTypeSpec, event_type, is_camera_fault
from detectors import fire_smoke
from detectors.base import Detector
from detectors.onnx_session import SessionOptions
from detectors.registry import MOTION, ModelRegistry, open_detector
from gateway.analysis.analyst import Analyst
from gateway.analysis.events import Closed, EventBuilder, EventChange, Opened
from gateway.analysis.glance import Glance
from gateway.analysis.ruleset import FIRE_TYPES, RuleSet, foreground_for, make_rules
from gateway.analysis.schedule import DEFAULT_TIME_ZONE, Local
from gateway.analysis.seen import SceneModel
from gateway.camera.decoder import FrameDecoder, PrivacyMask
from gateway.camera.gate import BURST_FPS
from gateway.camera.lane import LanePool
from gateway.camera.packets import RawPacket
from gateway.camera.source import FileSource
from gateway.camera.timeline import Timeline
from gateway.camera.watcher import CameraWatcher, Surroundings, WatchPlan
from gateway.clock import FakeClock
from gateway.errors import GridPatrolError, StreamEnded
from gateway.evaluation.scoring import Raised
from gateway.fleet.camera_unit import group_labels, watched_zones
from gateway.fleet.duty import Duties
from gateway.fleet.scene_models import seen_types
from gateway.types import Box, Crossing, Frame, Outcome, Packet, VideoFormat
from storage.records import CameraState

GRID_ID, REGION_CODE = "recordings", "000000000000"
# Recordings begin then unless they say otherwise; for schedules only.
BEGINNING = datetime(2026, 1, 1, 4, tzinfo=UTC)  # noon in Shanghai


class RecordingFailed(GridPatrolError):
    """A recording could not be watched to its end."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """What looks at the frames.

    Attributes:
        detector: A model of people and vehicles; None: motion alone.
        fire: The detector of fire and smoke that comes with the package; None: rules that need it cannot run.
        models: Trained scene models.
    """

    detector: Detector | None = None
    fire: Detector | None = None
    models: tuple[SceneModel, ...] = ()

    @property
    def name(self) -> str:
        """The object model's name."""
        return self.detector.name if self.detector else MOTION


def open_eyes(model: str, models: Path) -> Eyes:
    """Open the models, one thread each and never on a graphics card: the same sums in the same order everywhere.

    Args:
        model: `motion`, a model's name, or anything else that the `detector` setting takes.
        models: Folder of models; all that were trained for scenes are opened too.

    Raises:
        ModelLoadError: No such model, or one that cannot be used.
    """
    session = SessionOptions(threads=1, use_gpu=False)
    is_name = model != MOTION and ":" not in model and not model.endswith((".onnx", ".pt"))
    spec = f"onnx:{model}" if is_name else model
    registry = ModelRegistry(models)
    detector = None if spec == MOTION else open_detector(spec, registry, session)
    trained = tuple(
        SceneModel(open_detector(f"onnx:{name}", registry, session), types)
        for name, types in registry.known_types().items()
    )
    return Eyes(detector, fire_smoke.open_fire_smoke(session), trained)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the pipeline made of a recording.

    Attributes:
        events: In order of their beginning.
        duration_s: Of the recording.
        frames: Looked at.
        inferences: Passes of models.
        failed_inferences: Of those; such frames count as not looked at.
        unarmed: Rule id and reason of every rule that could not run.
        crossings: Of lines that are counted, in order of time.
    """

    events: tuple[Raised, ...]
    duration_s: float
    frames: int
    inferences: int
    failed_inferences: int
    unarmed: tuple[tuple[str, str], ...]
    crossings: tuple[Crossing, ...] = ()


class PromptPool(LanePool):
    """Runs each turn at once, in the thread that asks for it.

    A camera sends a picture every 40 ms, and a look is over before the next; a file is read so fast that looks of
    later moments would stand in the queue before the first has called for a burst.
    """

    def __init__(self) -> None:
        super().__init__(0, clock=FakeClock(), cpu_s=lambda: 0.0)

    def wake(self) -> None:
        """Take all turns there are."""
        while self.run_turn():
            pass


class Logbook:
    """Turns the outcomes of one recording into events."""

    def __init__(self, site: SiteConfig, detector_name: str) -> None:
        self._builder = EventBuilder(FakeClock(BEGINNING), site, "evaluation", detector_name)
        self._open: dict[str, Raised] = {}
        self._done: list[Raised] = []
        self.frames = 0
        self.crossings: list[Crossing] = []

    def note(self, outcome: Outcome) -> None:
        """Take in one frame's outcome, in order of time."""
        self.frames += 1
        self.crossings += outcome.crossings
        self._take(self._builder.take(outcome.signals))

    def finish(self) -> tuple[Raised, ...]:
        """End what is open with the moment it was last seen; return all events in order of their beginning."""
        self._take(self._builder.drain())
        return tuple(sorted(self._done, key=lambda e: (e.start_s, e.rule)))

    def _take(self, changes: list[EventChange]) -> None:
        for change in changes:
            if isinstance(change, Opened):
                self._open[change.event.id] = _raised(change)
            elif isinstance(change, Closed):
                begun = self._open.pop(change.event_id)
                end_s = (change.ended_at - BEGINNING).total_seconds()
                self._done.append(replace(begun, end_s=max(end_s, begun.raised_s)))


class Session:
    """One recording, its camera's analysis and what came of it; for one run.

    Args:
        camera: Whose rules are in force; its streams are not looked at.
        eyes: The models.
        starts_at: When the recording begins, aware, for schedules.
        site: To which the camera belongs, for its event types; None: one made for it.
        time_zone: In which schedules are meant.
    """

    def __init__(
        self,
        camera: CameraConfig,
        eyes: Eyes,
        starts_at: datetime = BEGINNING,
        *,
        site: SiteConfig | None = None,
        time_zone: ZoneInfo = DEFAULT_TIME_ZONE,
    ) -> None:
        self._camera = camera
        self._site = site or site_of(camera)
        self._rules = rules_for(camera, eyes, self._site.event_type)
        self._starts_at = starts_at
        self._local = Local.of(self._site, camera, time_zone)
        self._analyst = Analyst(
            camera,
            self._rules,
            foreground_for(camera, self._rules),
            eyes.detector,
            lambda at_s: starts_at + timedelta(seconds=at_s),
            fire=eyes.fire,
            models=eyes.models,
            time_zone=self._local,
        )
        self._logbook = Logbook(self._site, eyes.name)
        self._stop = threading.Event()
        self._failures: list[str] = []

    def watch(self, file: Path) -> Watched:
        """Watch a recording as a worker would watch the camera, the gate in force.

        Raises:
            RecordingFailed: It could not be read, or analysed, to its end.
        """
        with PromptPool() as pool:
            CameraWatcher(
                self._plan(),
                Surroundings(pool, clock=FakeClock(self._starts_at)),
                analyse=self._analyse,
                on_outcome=self._logbook.note,
                on_state=self._note_state,
                glance=Glance(watched_zones(self._rules)),
                make_source=partial(FileSource, self._camera.id, file, realtime=False),
            ).run(self._stop)
        if self._failures:
            raise RecordingFailed(f"{file.name}: {self._failures[0]}")
        return self.finish(duration_of(file))

    def decode_through(self, file: Path) -> Watched:
        """Analyse as many frames a second as a burst would, from the first to the last.

        Raises:
            RecordingFailed: It could not be analysed to its end.
            CameraError: It could not be read.
        """
        for frame in frames_of(self._camera, file):
            self.take(frame)
        return self.finish(duration_of(file))

    def take(self, frame: Frame) -> None:
        """Analyse one frame of a recording that the caller decodes, in order of time."""
        self._logbook.note(self._analyst.analyse(frame))

    def finish(self, duration_s: float) -> Watched:
        """End the recording and return what came of it."""
        return Watched(
            self._logbook.finish(),
            duration_s,
            self._logbook.frames,
            self._analyst.inferences,
            self._analyst.failed_inferences,
            self._rules.unarmed,
            tuple(self._logbook.crossings),
        )

    def _analyse(self, frame: Frame) -> Outcome:
        with ExitStack() as unless_done:  # the lane would log a failure and go on
            unless_done.callback(self._fail, "the analysis failed, see the log")
            outcome = self._analyst.analyse(frame)
            unless_done.pop_all()
        return outcome

    def _note_state(self, state: CameraState) -> None:
        if state.attempts:  # it would try again for ever
            self._fail(state.detail)

    def _fail(self, words: str) -> None:
        self._failures.append(words)
        self._stop.set()

    def _plan(self) -> WatchPlan:
        duty = Duties(self._rules, self._site.event_type, self._local).at(self._starts_at)
        return WatchPlan(
            self._camera.id,
            self._camera.streams[0],
            armed=duty.armed,
            cadence_s=duty.cadence_s,
            dwell_s=duty.dwell_s,
            masks=masks_of(self._camera),
            once=True,
        )


def watch(
    file: Path, camera: CameraConfig, eyes: Eyes, *, gated: bool = True, starts_at: datetime = BEGINNING
) -> Watched:
    """Run a recording through the pipeline with the rules of a camera.

    Args:
        file: The recording; any container with a video track.
        camera: Whose rules are in force.
        eyes: The models.
        gated: False: no gate, five frames of every second are analysed.
        starts_at: When the recording begins, aware, for schedules.

    Raises:
        RecordingFailed, CameraError: It could not be watched to its end.
    """
    session = Session(camera, eyes, starts_at)
    return session.watch(file) if gated else session.decode_through(file)


def rules_for(camera: CameraConfig, eyes: Eyes, spec_of: Callable[[str], EventTypeSpec] = event_type) -> RuleSet:
    """Return the rules of a camera as they would run with these models; `spec_of` is the site's `event_type`."""
    seen = seen_types(eyes.models) - FIRE_TYPES
    return make_rules(camera, group_labels(eyes.detector), spec_of, fire=eyes.fire is not None, seen=seen)


def frames_of(camera: CameraConfig, file: Path, fps: float = BURST_FPS) -> Iterator[Frame]:
    """Yield `fps` frames of every second of a recording, privacy masks painted; `at_s` is media time.

    Raises:
        CameraError: It cannot be read.
    """
    mask, last_s = PrivacyMask(masks_of(camera)), -math.inf
    decoder: FrameDecoder | None = None
    for video, packet in packets_of(camera.id, file):
        if decoder is None:
            decoder = FrameDecoder(camera.id, video, mask, fps)
        for frame in decoder.decode((packet,), last_s):
            last_s = frame.at_s
            yield frame


def packets_of(camera_id: str, file: Path) -> Iterator[tuple[VideoFormat, Packet]]:
    """Yield the packets of a recording, each with the stream's format; `at_s` is media time.

    Raises:
        CameraError: It cannot be read.
    """
    source = FileSource(camera_id, file, realtime=False)
    try:
        video = source.open()
        timeline = Timeline(video.time_base)
        for raw in _until_end(source):
            stamp = timeline.place(raw.pts, raw.dts, raw.arrival_s)
            yield (
                video,
                Packet(raw.payload, stamp.pts, stamp.dts, video.time_base, raw.keyframe, raw.size, stamp.at_s),
            )
    finally:
        source.close()


def duration_of(file: Path) -> float:
    """Return the length of a recording in seconds: to the end of its last picture.

    Raises:
        CameraError: It cannot be read.
    """
    moments = sorted(packet.at_s for _, packet in packets_of(file.name, file))
    return 2 * moments[-1] - moments[-2] if len(moments) > 1 else 0.0


def masks_of(camera: CameraConfig) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Return the polygons that must not be seen."""
    return tuple(zone.polygon for zone in camera.privacy_masks)


def site_of(camera: CameraConfig) -> SiteConfig:
    """Return a site of one camera, with the grids it names."""
    ids = dict.fromkeys((*camera.grids, *(zone.grid for zone in camera.zones if zone.grid is not None)))
    grids = tuple(GridConfig(id=g, code=g[:32], name=g, region_code=REGION_CODE) for g in ids)
    return SiteConfig(regions=(RegionConfig(code=REGION_CODE, name="-"),), grids=grids, cameras=(camera,))


def _until_end(source: FileSource) -> Iterator[RawPacket]:
    try:
        yield from source.packets()
    except StreamEnded:
        return


def _raised(change: Opened) -> Raised:
    event = change.event
    return Raised(
        rule=event.event_type if is_camera_fault(event.event_type) else event.rule_id,
        event_type=event.event_type,
        start_s=change.since_s,
        raised_s=change.raised_s,
        end_s=change.raised_s,
        zone=event.zone_polygon,
        boxes=tuple(Box(*box) for box in event.boxes),
    )
