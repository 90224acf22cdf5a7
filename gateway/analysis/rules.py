"""The rules: what shows in a frame, judged by zone and kind. How long it must show is `condition`'s business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import FOREGROUND, BlobView, Observation, certainty
from gateway.analysis.zones import Zone, box_area, foot_point
from gateway.types import Box, Signal, Track

# A track reported for the first time may have been watched unconfirmed for so long (one slow look).
BACKDATE_S = 2.5
# A box that trembles at the edge of the zone, or an object seen less clearly for a while, ends nothing that was raised.
KEEP_MARGIN = 0.02  # of the picture
KEEP_CONFIDENCE = 0.7  # of the rule's own minimum
# A vehicle whose wheels are hidden still belongs to the zone that most of it covers.
MOSTLY_INSIDE = 0.5
# Without a model: nothing may have changed in a still patch for this long, or for the dwell where that is shorter,
# before it is a thing. Whoever stands still shifts his weight every few seconds.
CALM_S = 30.0
# The even sides of a car that still rolls do not change: its patch is called still so long too early (measured).
STILL_EARLY_S = 1.0


class Rule(Protocol):
    """A rule of one camera; told of every frame in order, it answers with signals."""

    condition: Condition
    zone: Zone
    objects: frozenset[str]  # kinds of track that occupy its zone

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which objects count.

    Attributes:
        objects: Group labels; a track labelled "foreground" counts for any, since nothing better is known of it.
        min_area: Share of the picture, of the box.
        foreground_area: The same for tracks without a model, which need it to tell a person from a leaf.
    """

    objects: frozenset[str]
    min_count: int = 1
    min_confidence: float = 0.35
    min_area: float = 0.0
    foreground_area: float = 0.002

    def accepts(self, track: Track, *, known: bool = False) -> bool:
        """Say whether the track counts; `known`: for an event that is under way."""
        if track.label == FOREGROUND:
            return box_area(track.box) >= self.foreground_area
        enough = self.min_confidence * (KEEP_CONFIDENCE if known else 1.0)
        sure = track.confidence >= enough and box_area(track.box) >= self.min_area
        return sure and track.label in self.objects


class ZoneIntrusionRule:
    """Enough objects of a kind stand in the zone. Also water intrusion, crowding and stray livestock."""

    def __init__(self, condition: Condition, zone: Zone, wanted: Wanted) -> None:
        self.condition = condition
        self.zone = zone
        self.objects = wanted.objects | {FOREGROUND}
        self._wanted = wanted
        self._known: frozenset[int] = frozenset()

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame; frames in which nothing was looked for change nothing."""
        if not observation.armed:
            return self.condition.drop(observation.at_s)
        if not observation.looked:
            return []
        inside = [t for t in observation.seen if self._counts(t)]
        since_s = self._began_s(inside, observation.at_s)
        self._known = frozenset(t.id for t in observation.tracks)
        sight = sight_of(inside, since_s) if len(inside) >= self._wanted.min_count else None
        return self.condition.update(sight, observation.at_s)

    def _counts(self, track: Track) -> bool:
        known = self.condition.raised
        if not self._wanted.accepts(track, known=known):
            return False
        return self.zone.holds(track.box) or (known and self.zone.is_near(foot_point(track.box), KEEP_MARGIN))

    def _began_s(self, inside: Sequence[Track], at_s: float) -> float | None:
        """Return when a condition that begins now really began: with the first sighting of a newly confirmed track."""
        if self.condition.active:
            return None
        new = [t.first_seen_s for t in inside if t.id not in self._known and at_s - t.first_seen_s <= BACKDATE_S]
        return min(new, default=None)


class StoppedRule:
    """Something that should keep moving stands in the zone: illegal parking, a blocked fire lane.

    With a model: tracks of a wanted kind that stand still. Without: patches that moved in and stay. Each object's own
    standing time counts, so that cars waiting one after another do not add up.
    """

    def __init__(self, condition: Condition, zone: Zone, wanted: Wanted) -> None:
        self.condition = condition
        self.zone = zone
        self.objects = wanted.objects | {FOREGROUND}
        self._wanted = wanted

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""
        if not observation.armed:
            return self.condition.drop(observation.at_s)
        if observation.modelled:
            sight = self._standing(observation.seen) if observation.looked else None
            return self.condition.update(sight, observation.at_s) if observation.looked else []
        if not observation.steady:
            return []
        large = [b for b in observation.reading.still if b.area >= self._wanted.foreground_area]
        blobs = [b for b in large if is_thing(b, self.condition, observation.at_s)]
        return self.condition.update(sight_of_blobs(blobs, self.zone, self._wanted.min_count), observation.at_s)

    def _standing(self, tracks: Iterable[Track]) -> Sight | None:
        known = self.condition.raised
        standing = [t for t in tracks if t.still_since_s is not None and self._wanted.accepts(t, known=known)]
        inside = [t for t in standing if stands_in(self.zone, t.box)]
        since_s = _nth_earliest((t.still_since_s for t in inside), self._wanted.min_count)
        return None if since_s is None else sight_of(inside, since_s)


def sight_of(tracks: Sequence[Track], since_s: float | None) -> Sight:
    """Return objects as a sight that began then; None: now."""
    best = max(tracks, key=lambda t: t.confidence)
    boxes = tuple(t.box for t in tracks)
    return Sight(since_s, best.confidence, best.label, len(tracks), boxes)


def is_thing(blob: BlobView, condition: Condition, at_s: float) -> bool:
    """Say whether a still patch is a thing and not somebody who stands there; asked until the event is raised."""
    if condition.raised:  # somebody leans on it: what has been found is not lost for that
        return True
    calm_s = min(CALM_S, condition.patience.dwell_s)
    return blob.settled_s is not None and at_s - blob.settled_s >= calm_s


def sight_of_blobs(blobs: Iterable[BlobView], zone: Zone, min_count: int) -> Sight | None:
    """Return the still blobs in a zone as a sight, which began when there were enough; None when there are not."""
    inside = [b for b in blobs if b.since_s is not None and stands_in(zone, Box(*b.box))]
    since_s = _nth_earliest((b.since_s for b in inside), min_count)
    if since_s is None:
        return None
    boxes = tuple(Box(*b.box) for b in inside)
    return Sight(since_s + STILL_EARLY_S, max(certainty(b) for b in inside), FOREGROUND, len(inside), boxes)


def _nth_earliest(moments: Iterable[float | None], n: int) -> float | None:
    known = sorted(m for m in moments if m is not None)
    return known[n - 1] if len(known) >= n else None


def stands_in(zone: Zone, box: Box) -> bool:
    """Say whether a thing belongs to a zone: by its foot, or by most of it."""
    return zone.holds(box) or zone.share_inside(box) >= MOSTLY_INSIDE
