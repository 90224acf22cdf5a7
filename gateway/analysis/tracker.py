"""Following objects inside one camera, at whatever intervals the frames come.

Between two frames lie 0.2 s in a burst and 2-10 s between looks, so objects are matched by overlap and by distance,
the latter allowed to grow with the time that has passed. Track ids mean nothing outside the camera.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.analysis.zones import box_area, box_centre, grown, intersection, iou
from gateway.types import Box, Track

# A walker covers about his own height in 1.2 s, a car its own length in less: one box diagonal per second.
REACH_PER_S = 1.0
REACH_AT_ONCE = 0.35  # box diagonals: jitter of the detector, and parts of an object coming into view
LONGEST_REACH_S = 3.0  # after that anything could be anywhere: no further growth
# Another label is only believed to be the same object where the boxes nearly coincide (a car read as a bus).
RELABEL_IOU = 0.6
LEAST_AFFINITY = 0.05
LARGEST_CHANGE = 4.0  # area ratio between two sightings of one object

STILL_IOU = 0.8
STILL_DRIFT = 0.02  # of the picture: the jitter of a box around a parked car
STILL_AFTER_S = 2.0  # a box that has stayed for less is not called still
# One odd box (somebody walks past the car) does not move an object; two over this time do.
STRAY_S = 1.0
# A still object that the detector overlooks is kept for so long while nothing moves at its place. No longer: what
# leaves between two looks may leave no trace of motion, and must not be raised for time it was not there.
HOLD_S = 15.0
# An object that the detector loses is not gone while somebody stands before it, or while the foreground at its place
# still differs from the background; believed for so long, and only of what was seen often enough to be no slip.
COVER_S = 3.0
COVER_HITS = 3
COVER_SHARE = 0.3  # of its box, behind another object
WITNESS_SHARE = 0.5  # of its box, that the foreground must still fill
COVER_SPEED = 0.5  # box diagonals per second: what is faster is elsewhere by then
# What was never more than a weak sighting on changing ground must have moved by so many of its diagonals: a chair in
# the light of a fire stays where it is, and smoke comes from nowhere.
WITNESSED_TRAVEL = 0.25
FAINT_IOU = 0.3  # a sighting too weak to be an object by itself continues one whose box it overlaps so much
FORGET_S = 120.0  # after a gap without any frame, nothing is taken for what it was before

VOTE_DECAY = 0.9
RELABEL_LEAD = 1.5


@dataclass(frozen=True, slots=True)
class Sighting:
    """One object in one frame."""

    box: Box
    label: str
    confidence: float
    witnessed: bool = False  # too weak by itself; the foreground bears it out


@dataclass(slots=True)
class _Trace:
    """What is remembered of one object."""

    id: int
    label: str
    box: Box
    confidence: float
    first_seen_s: float
    last_seen_s: float
    anchor: Box  # where it stands if it stands still
    anchor_s: float
    origin: Box
    detected_s: float
    hits: int = 1
    misses: int = 0
    travelled: float = 0.0  # furthest distance from where it appeared
    named: bool = True  # seen at least once without the foreground's help
    confirmed: bool = False
    stray: Box | None = None  # where it was first seen away from its anchor
    stray_s: float = 0.0
    velocity: tuple[float, float] = (0.0, 0.0)  # picture widths and heights per second
    votes: dict[str, float] = field(default_factory=dict)

    @property
    def still(self) -> bool:
        return self.last_seen_s - self.anchor_s >= STILL_AFTER_S

    def predicted(self, at_s: float) -> Box:
        """Return where it should be by now; trusted for a second at most."""
        elapsed_s = min(at_s - self.last_seen_s, 1.0)
        dx, dy = self.velocity[0] * elapsed_s, self.velocity[1] * elapsed_s
        return Box(self.box.x1 + dx, self.box.y1 + dy, self.box.x2 + dx, self.box.y2 + dy)

    def see(self, sighting: Sighting, at_s: float) -> None:
        """Take in a new sighting."""
        self._move(sighting.box, at_s)
        self._vote(sighting)
        # Decaying maximum: one weak detection does not make a well-seen object doubtful.
        self.confidence = max(sighting.confidence, self.confidence * VOTE_DECAY)
        self.named = self.named or not sighting.witnessed
        self.hits += 1
        self.misses = 0
        self.last_seen_s = self.detected_s = at_s

    def _move(self, box: Box, at_s: float) -> None:
        elapsed_s = at_s - self.last_seen_s
        if elapsed_s > 0:
            (x0, y0), (x1, y1) = box_centre(self.box), box_centre(box)
            vx, vy = self.velocity
            self.velocity = (vx + (x1 - x0) / elapsed_s) / 2, (vy + (y1 - y0) / elapsed_s) / 2
        self.box = box
        self.travelled = max(self.travelled, _distance(self.origin, box))
        self._settle(box, at_s)

    def _settle(self, box: Box, at_s: float) -> None:
        """Keep the anchor while the box stays by it; move it when two boxes over `STRAY_S` lie elsewhere."""
        if _stays(box, self.anchor):
            self.stray = None
        elif self.stray is None:
            self.stray, self.stray_s = box, at_s
            if not self.still:
                self._anchor_at(box, at_s)
        elif at_s - self.stray_s >= STRAY_S:
            stayed = _stays(box, self.stray)
            self._anchor_at(self.stray if stayed else box, self.stray_s if stayed else at_s)

    def _anchor_at(self, box: Box, at_s: float) -> None:
        self.anchor, self.anchor_s, self.stray = box, at_s, None

    def _vote(self, sighting: Sighting) -> None:
        """Let the labels seen so far outvote a single slip of the model."""
        self.votes = {label: weight * VOTE_DECAY for label, weight in self.votes.items()}
        self.votes[sighting.label] = self.votes.get(sighting.label, 0.0) + sighting.confidence
        best = max(self.votes, key=lambda label: self.votes[label])
        if self.votes[best] > RELABEL_LEAD * self.votes.get(self.label, 0.0):
            self.label = best

    def overlap(self, box: Box, at_s: float) -> float:
        """Return how much a box coincides with it, 0-1, where it was or where it should be by now."""
        return max(iou(self.predicted(at_s), box), iou(self.box, box))

    def may_be_covered(self, at_s: float) -> bool:
        """Say whether it was seen well enough, and lately enough, to be believed in unseen."""
        speed = math.hypot(*self.velocity)
        slow = self.still or speed <= COVER_SPEED * _diagonal(self.box)
        return self.confirmed and slow and self.hits >= COVER_HITS and at_s - self.detected_s <= COVER_S

    def succeeded_by(self, other: _Trace, at_s: float) -> bool:
        """Say whether another trace, begun since this one was lost, may be the same object found again."""
        if other.first_seen_s <= self.detected_s:
            return False
        reach = REACH_AT_ONCE + REACH_PER_S * (at_s - self.detected_s)
        return _distance(other.origin, self.box) < reach * _diagonal(self.box)

    def may_have_become(self, box: Box, at_s: float) -> bool:
        """Say whether it may have gone to where the foreground has a patch of its size."""
        small, large = sorted((box_area(self.box), box_area(box)))
        reach = REACH_AT_ONCE + REACH_PER_S * (at_s - self.last_seen_s)
        return large <= LARGEST_CHANGE * small and _distance(self.box, box) < reach * _diagonal(self.box)

    def carry(self, box: Box, at_s: float) -> None:
        """Follow the foreground to where it has gone."""
        self.box = box
        self._settle(box, at_s)

    def as_track(self) -> Track:
        """Return what others may know of it."""
        since_s = self.anchor_s if self.still else None
        return Track(self.id, self.label, self.box, self.confidence, self.first_seen_s, self.last_seen_s, since_s)


class Tracker:
    """Follows the objects of one camera; feed it the frames in order of time.

    Args:
        max_gap_s: An object not seen for longer, and in at least two frames in which it was looked for, is gone.
        sure: Confidence from which a single sighting on a look is enough; otherwise it takes two.
        min_travel: Share of the picture an object must have moved before it is reported (0: none). For sightings
            without a model, where light and leaves flicker on the spot.
    """

    def __init__(self, *, max_gap_s: float = 3.0, sure: float = 0.6, min_travel: float = 0.0) -> None:
        self._max_gap_s = max_gap_s
        self._sure = sure
        self._min_travel = min_travel
        self._traces: list[_Trace] = []
        self._last_id = 0
        self._updated_s = -math.inf

    def update(
        self,
        sightings: Sequence[Sighting],
        at_s: float,
        *,
        look: bool = False,
        moving: Iterable[Box] = (),
        faint: Sequence[Sighting] = (),
        foreground: Sequence[Box] | None = None,
    ) -> tuple[Track, ...]:
        """Take in the objects of a frame and return the tracks alive, also those not seen in this one.

        Args:
            sightings: All that was found in the frame; an empty sequence means it was looked for and not found.
            at_s: Seconds, not before the frame before.
            look: The frame stands alone (no burst), so that a confident object needs no second sighting.
            moving: Where the picture changes; still objects elsewhere cannot have left.
            faint: What is too weak to be an object by itself, but may be one that is known, where there is foreground:
                the model's slips on the scene itself last long, too.
            foreground: Where this frame differs from the background, moving or not; None: nobody can say, and what is
                not found is not believed to be covered either.
        """
        self._begin(at_s)
        pairs = self._match(sightings, at_s)
        for trace, sighting in pairs:
            trace.see(sighting, at_s)
        self._see_faintly([s for s in faint if _filled(s.box, foreground or ()) >= WITNESS_SHARE], at_s)
        taken = {id(sighting) for _, sighting in pairs}
        self._traces += [self._born(s, at_s) for s in sightings if id(s) not in taken]
        self._miss(list(moving), foreground, at_s)
        self._confirm(look=look)
        return self.tracks

    def extend(self, sightings: Sequence[Sighting], at_s: float) -> tuple[Track, ...]:
        """Let sightings of the same frame continue tracks that `update` found nothing for; none are born or lost."""
        missed = [t for t in self._traces if t.last_seen_s < at_s]
        for trace, sighting in self._match(sightings, at_s, missed):
            trace.see(sighting, at_s)
        return self.tracks

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The confirmed tracks as of the latest frame."""
        return tuple(t.as_track() for t in self._traces if t.confirmed)

    def _begin(self, at_s: float) -> None:
        if at_s - self._updated_s > FORGET_S:
            self._traces.clear()
        self._updated_s = at_s

    def _match(
        self, sightings: Sequence[Sighting], at_s: float, among: Sequence[_Trace] | None = None
    ) -> list[tuple[_Trace, Sighting]]:
        """Pair traces and sightings greedily, closest first: a handful of each, so no optimum is needed."""
        traces = self._traces if among is None else among
        options = [
            (_affinity(trace, sighting, at_s), t, s)
            for t, trace in enumerate(traces)
            for s, sighting in enumerate(sightings)
        ]
        pairs: dict[int, int] = {}
        for affinity, t, s in sorted(options, reverse=True):
            if affinity >= LEAST_AFFINITY and t not in pairs and s not in pairs.values():
                pairs[t] = s
        return [(traces[t], sightings[s]) for t, s in pairs.items()]

    def _see_faintly(self, faint: Sequence[Sighting], at_s: float) -> None:
        """Let weak sightings continue what was found before; no reach here, or noise would lead a track astray."""
        for sighting in faint:
            lost = [t for t in self._traces if t.confirmed and t.detected_s < at_s and t.label == sighting.label]
            best = max(lost, key=lambda t: t.overlap(sighting.box, at_s), default=None)
            if best is not None and best.overlap(sighting.box, at_s) >= FAINT_IOU:
                best.see(sighting, at_s)

    def _miss(self, moving: Sequence[Box], foreground: Sequence[Box] | None, at_s: float) -> None:
        found = [t for t in self._traces if t.detected_s >= at_s]
        for trace in self._traces:
            if trace.detected_s >= at_s:
                continue
            if _cannot_have_left(trace, moving, at_s):
                trace.last_seen_s = at_s
                continue
            trace.misses += 1
            if foreground is not None and self._covered(trace, found, foreground, at_s):
                trace.last_seen_s = at_s
        self._traces = [t for t in self._traces if not self._gone(t, at_s)]

    def _covered(self, trace: _Trace, found: Sequence[_Trace], foreground: Sequence[Box], at_s: float) -> bool:
        """Say whether a lost object stands behind another one, or is overlooked where the foreground still shows it."""
        if not trace.may_be_covered(at_s) or any(trace.succeeded_by(t, at_s) for t in self._traces):
            return False
        known = [t.box for t in found]
        if _filled(trace.box, known) >= COVER_SHARE or _filled(trace.box, foreground) >= WITNESS_SHARE:
            return True
        loose = [box for box in foreground if _filled(box, known) < COVER_SHARE]
        nearest = min(loose, key=lambda box: _distance(trace.box, box), default=None)
        if nearest is None or not trace.may_have_become(nearest, at_s):
            return False
        trace.carry(nearest, at_s)
        return True

    def _gone(self, trace: _Trace, at_s: float) -> bool:
        gap_s = self._max_gap_s if trace.confirmed else self._max_gap_s / 2
        return trace.misses >= 2 and at_s - trace.last_seen_s > gap_s

    def _born(self, sighting: Sighting, at_s: float) -> _Trace:
        self._last_id += 1
        return _Trace(
            self._last_id,
            sighting.label,
            sighting.box,
            sighting.confidence,
            first_seen_s=at_s,
            last_seen_s=at_s,
            anchor=sighting.box,
            anchor_s=at_s,
            origin=sighting.box,
            detected_s=at_s,
            named=not sighting.witnessed,
            votes={sighting.label: sighting.confidence},
        )

    def _confirm(self, *, look: bool) -> None:
        for trace in self._traces:
            enough = trace.hits >= 2 or (look and trace.confidence >= self._sure)
            travel = self._min_travel if trace.named else WITNESSED_TRAVEL * _diagonal(trace.box)
            trace.confirmed = trace.confirmed or (enough and trace.travelled >= travel)


def _cannot_have_left(trace: _Trace, moving: Sequence[Box], at_s: float) -> bool:
    """A still object whose place has not changed is still there, even if the detector overlooks it."""
    if not (trace.confirmed and trace.still and trace.misses == 0 and at_s - trace.detected_s <= HOLD_S):
        return False
    return not any(intersection(grown(trace.box, STILL_DRIFT), box) > 0 for box in moving)


def _filled(box: Box, others: Iterable[Box]) -> float:
    """Return the share of a box that others cover, at most; what they share among themselves counts twice."""
    area = box_area(box)
    return sum(intersection(box, other) for other in others) / area if area > 0 else 0.0


def _affinity(trace: _Trace, sighting: Sighting, at_s: float) -> float:
    """Return how well a sighting continues a trace; 0: not at all."""
    area, before = box_area(sighting.box), box_area(trace.box)
    if min(area, before) <= 0 or max(area, before) / min(area, before) > LARGEST_CHANGE:
        return 0.0
    expected = trace.predicted(at_s)
    overlap = max(iou(expected, sighting.box), iou(trace.box, sighting.box))
    if sighting.label != trace.label:
        return overlap if overlap >= RELABEL_IOU else 0.0
    reach = _diagonal(trace.box) * (REACH_AT_ONCE + REACH_PER_S * min(at_s - trace.detected_s, LONGEST_REACH_S))
    nearness = 1 - min(_distance(expected, sighting.box), _distance(trace.box, sighting.box)) / reach
    return overlap + max(0.0, nearness) / 2


def _stays(box: Box, anchor: Box) -> bool:
    return _distance(box, anchor) < STILL_DRIFT or iou(box, anchor) > STILL_IOU


def _distance(a: Box, b: Box) -> float:
    (ax, ay), (bx, by) = box_centre(a), box_centre(b)
    return math.hypot(ax - bx, ay - by)


def _diagonal(box: Box) -> float:
    return math.hypot(box.x2 - box.x1, box.y2 - box.y1)
