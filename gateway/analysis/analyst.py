"""From frames to signals for one camera: what each frame costs is decided here.

The foreground is computed for every frame (about a millisecond). The model runs only when something moves in or near
an armed zone, when a zone is occupied and a look is due, or at the start; a quiet camera costs one inference in five
minutes, for what a miss at the start would otherwise hide for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from camera_configs.models import CameraConfig
from detectors.base import Detector
from detectors.picture import read_picture
from gateway.analysis.condition import CANDIDATE_GAP_S
from gateway.analysis.fire import SmokeFireRule
from gateway.analysis.fire_watch import FireWatch
from gateway.analysis.following import MODEL_GAP_S, Follower
from gateway.analysis.health import fault_types
from gateway.analysis.health.monitor import Health, HealthMonitor, SoundPicture
from gateway.analysis.health.presets import PresetFinder, PresetPicture
from gateway.analysis.lines import LineCounter
from gateway.analysis.observation import ForegroundView, Observation
from gateway.analysis.rules import Rule
from gateway.analysis.ruleset import ArmedRule, RuleSet, foreground_for
from gateway.analysis.schedule import DEFAULT_TIME_ZONE, Local
from gateway.analysis.seen import SceneModel, SceneWatch, SeenRule
from gateway.analysis.view_memory import ForegroundSource, ViewMemory, Views, seen_in
from gateway.types import Box, Crossing, Frame, Outcome, Signal, Track

NEAR_MARGIN = 0.05  # of the picture: so close to a zone, things are about to enter it
# A still, occupied zone: while a dwell runs we look often, once flagged rarely; whatever leaves moves, and is seen.
# When the motion ends, it may have left: then we look often again until that is settled.
OCCUPIED_EVERY_S = 1.0
RESTLESS_S = 4.0
SETTLED_EVERY_S = 4.0
QUIET_EVERY_S = 300.0
# After a light switch the foreground is learnt anew, and the model looks for what the change may have hidden.
SETTLE_S = 3.0
LOST_SIGHT_S = 5.0  # what was followed may be anywhere after so long behind a cover
_LEAST_BLOB_SHARE = 0.25  # of a rule's minimum area: enough to decode on, to see what comes


class Analyst:
    """Analyses the frames of one camera, in order, called from one thread at a time.

    Args:
        camera: Its configuration.
        rules: From `make_rules`; they belong to this analyst alone.
        foreground: From `foreground_for`; likewise.
        detector: A model, shared with other cameras; None: foreground only.
        utc_at: Wall time of a moment, for schedules (`Clock.utc_at`).
        fire: A detector of fire and smoke, shared likewise; `make_rules` must have been told that there is one.
        models: Trained scene models, shared likewise; `make_rules` must have been told of their event types.
        time_zone: In which schedules are meant.
        presets: Reference pictures of the camera's presets; None: presets are not told apart, and every zone counts
            (a recording of which nobody knows what the camera showed).
    """

    def __init__(
        self,
        camera: CameraConfig,
        rules: RuleSet,
        foreground: ForegroundSource,
        detector: Detector | None,
        utc_at: Callable[[float], datetime],
        *,
        fire: Detector | None = None,
        models: Sequence[SceneModel] = (),
        time_zone: ZoneInfo | Local = DEFAULT_TIME_ZONE,
        presets: Sequence[PresetPicture] | None = None,
    ) -> None:
        self._camera_id = camera.id
        self._rules = rules
        self._utc_at = utc_at
        self._time_zone = time_zone
        areas = [a.config.min_area for a in rules.armed if a.config is not None]
        self._least_blob = min(areas, default=0.0) * _LEAST_BLOB_SHARE
        first = iter((foreground,))

        def remember(view: str | None) -> ViewMemory:
            seen = camera if presets is None else seen_in(camera, view)
            source = next(first, None) or foreground_for(seen, rules.within(view))
            follower = Follower(seen, detector, self._least_blob)
            return ViewMemory(source, follower, FireWatch(seen, fire), SceneWatch(seen, models))

        self._views = Views(
            None if presets is None else PresetFinder(presets, [z.polygon for z in camera.privacy_masks]), remember
        )
        self._health = HealthMonitor()
        self._in_force: list[ArmedRule] = []  # by their schedules, be their view shown or not

    @property
    def inferences(self) -> int:
        """How often a model ran for this camera."""
        return self._views.inferences + sum(p.inferences for view in self._views.all for p in view.passes)

    @property
    def failed_inferences(self) -> int:
        """How often one failed."""
        failed = sum(p.failed_inferences for view in self._views.all for p in view.passes)
        return self._views.failed_inferences + failed

    @property
    def view_unknown(self) -> bool:
        """The camera has presets and shows none of them, as far as the last frame tells: their rules are silent."""
        return self._views.told_apart and self._views.preset is None

    @property
    def _now(self) -> ViewMemory:
        """What is remembered of the view that the camera shows."""
        return self._views.now

    @property
    def reference(self) -> SoundPicture | None:
        """What the camera showed when all was well with it."""
        return self._health.reference

    def analyse(self, frame: Frame) -> Outcome:
        """Take in a frame and say what it means, to the rules and to the gate that chose it."""
        at_s = frame.at_s
        picture = read_picture(frame.luma, frame.small)
        self._views.look(frame)
        reading = self._now.foreground.update(frame.small, at_s)
        if reading.global_change:
            self._now.changed_s = at_s
        self._arm(at_s)
        near = self._moves_near(reading)
        self._now.moved_s = at_s if near else self._now.moved_s
        health = self._health.update(frame, picture, meant=self._views.preset is not None)
        steady = reading.ready and at_s - self._now.changed_s > SETTLE_S and not health.unreadable
        if health.unreadable:
            looked = self._blind(health, at_s)
        else:
            self._now.readable_s = at_s
            looked = self._look(frame, reading, near=near, steady=steady)
        observation = Observation(
            self._camera_id,
            at_s,
            self._now.follower.tracks,
            reading,
            picture,
            looked=looked,
            steady=steady,
            modelled=self._now.follower.modelled,
            health=health,
            small=frame.small,
            moment=self._utc_at(at_s),
        )
        signals = self._apply(observation) + self._now.fire.look(frame, self._fire_rules())
        if steady:  # what a covered lens or a switched light hides has not gone
            signals += self._now.scene.look(frame, [a.rule for a in self._now.armed if isinstance(a.rule, SeenRule)])
        moving = near or self._passing() or self._now.fire.wants_more
        settled_s = self._settled_s(reading) if moving and not self._now.fire.wants_more else 0.0
        return Outcome(at_s, moving, self._occupied(), tuple(signals), settled_s, tuple(self._counted()))

    def _arm(self, at_s: float) -> None:
        """Note the rules in force; when they change, or frames were missing, what stands there is looked for anew."""
        moment = self._utc_at(at_s)
        self._in_force = [a for a in self._rules.armed if a.in_force(moment, self._time_zone)]
        armed = [a for a in self._in_force if self._views.holds(a)]
        if armed != self._now.armed or at_s - self._now.analysed_s > CANDIDATE_GAP_S:
            self._now.follower.start_over()
        self._now.armed, self._now.analysed_s = armed, at_s

    def _moves_near(self, reading: ForegroundView) -> bool:
        return any(self._concerns(a.rule, reading) for a in self._following)

    def _concerns(self, rule: Rule, reading: ForegroundView) -> bool:
        """Say whether something moves in or near the rule's zone."""
        boxes = (Box(*b.box) for b in reading.moving if b.area >= self._least_blob)
        return any(rule.zone.touches(box, NEAR_MARGIN) for box in boxes)

    def _settled_s(self, reading: ForegroundView) -> float:
        """See `Outcome.settled_s`: 0 where something moves that a rule has not flagged, or has lost from sight."""
        passing = [t for t in self._watched() if t.still_since_s is None]
        flagged = []
        for rule in (a.rule for a in self._following):
            if not (self._concerns(rule, reading) or any(rule.zone.touches(t.box) for t in passing)):
                continue
            if not rule.condition.raised or rule.condition.in_doubt:
                return 0.0
            flagged.append(rule.condition.patience.clear_s)
        return min(flagged, default=0.0)

    def _blind(self, health: Health, at_s: float) -> bool:
        """Give up what was followed when the scene cannot be seen for long; a lorry before the lens ends nothing."""
        if health.fault != fault_types.BLACK and at_s - self._now.readable_s < LOST_SIGHT_S:
            return False
        self._now.follower.lose_sight(at_s)
        return True

    def _look(self, frame: Frame, reading: ForegroundView, *, near: bool, steady: bool) -> bool:
        """Bring the tracks up to date; return whether absence from them means anything in this frame."""
        if not self._following:
            return False
        self._now.follower.note_motion(reading)
        unsure = frame.at_s - self._now.changed_s <= SETTLE_S
        if self._now.follower.modelled and not self._now.follower.due(
            frame.at_s, near=near or unsure, every_s=self._look_every_s(frame.at_s)
        ):
            return False
        return self._now.follower.look(frame, reading, steady=steady)

    def _look_every_s(self, at_s: float) -> float:
        conditions = [a.rule.condition for a in self._following]
        if any(c.in_doubt for c in conditions):
            return MODEL_GAP_S
        if not (self._watched() or any(c.active for c in conditions)):
            return QUIET_EVERY_S
        restless = at_s - self._now.moved_s <= RESTLESS_S
        dwelling = any(c.active and not c.raised for c in conditions)
        return OCCUPIED_EVERY_S if dwelling or restless else SETTLED_EVERY_S

    @property
    def _following(self) -> list[ArmedRule]:
        return [a for a in self._now.armed if a.follows]

    def _counted(self) -> Iterator[Crossing]:
        for rule in (a.rule for a in self._rules.armed):
            if isinstance(rule, LineCounter):
                yield from rule.take()

    def _fire_rules(self) -> list[SmokeFireRule]:
        return [a.rule for a in self._now.armed if isinstance(a.rule, SmokeFireRule)]

    def _watched(self) -> list[Track]:
        """Return the tracks in or at an armed zone whose rule asks for such objects."""
        rules, tracks = [a.rule for a in self._now.armed], self._now.follower.tracks
        return [t for t in tracks if any(t.label in r.objects and r.zone.touches(t.box) for r in rules)]

    def _passing(self) -> bool:
        """Say whether a watched object has not come to rest: the foreground may not know yet, just after the start."""
        return any(t.still_since_s is None for t in self._watched())

    def _occupied(self) -> bool:
        # A fault that is told of needs no closer looking; it may last for days.
        active = (a for a in self._now.armed if a.rule.condition.active)
        return any(not (a.is_fault and a.rule.condition.raised) for a in active) or bool(self._watched())

    def _apply(self, observation: Observation) -> list[Signal]:
        silent = replace(observation, armed=False)
        signals: list[Signal] = []
        for each in self._rules.armed:
            if each in self._in_force and not self._views.holds(each):
                signals += each.rule.condition.rest(observation.at_s)  # nobody sees its zone now
            else:
                signals += each.rule.update(observation if each in self._now.armed else silent)
        return signals
