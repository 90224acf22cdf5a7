"""The rules: what shows in a frame, judged by zone and kind. How long it must show is `condition`'s business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from detectors.picture import is_black
from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import FOREGROUND, BlobView, Observation, certainty
from gateway.analysis.zones import WHOLE_PICTURE, Zone, box_area, intersection
from gateway.types import Box, Signal, Track

# A track reported for the first time may have been watched unconfirmed for so long (one slow look).
BACKDATE_S = 2.5
# A vehicle whose wheels are hidden still belongs to the zone that most of it covers.
MOSTLY_INSIDE = 0.5
# A still patch that an object's box covers by this share is that object standing there, not something left behind.
COVERED_BY_OBJECT = 0.5
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

    def accepts(self, track: Track) -> bool:
        """Say whether the track counts."""
        if track.label == FOREGROUND:
            return box_area(track.box) >= self.foreground_area
        sure = track.confidence >= self.min_confidence and box_area(track.box) >= self.min_area
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
        inside = [t for t in observation.seen if self._wanted.accepts(t) and self.zone.holds(t.box)]
        since_s = self._began_s(inside, observation.at_s)
        self._known = frozenset(t.id for t in observation.tracks)
        sight = _sight_of(inside, since_s) if len(inside) >= self._wanted.min_count else None
        return self.condition.update(sight, observation.at_s)

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
        blobs = [b for b in observation.reading.still if b.area >= self._wanted.foreground_area]
        return self.condition.update(_sight_of_blobs(blobs, self.zone, self._wanted.min_count), observation.at_s)

    def _standing(self, tracks: Iterable[Track]) -> Sight | None:
        standing = [t for t in tracks if t.still_since_s is not None and self._wanted.accepts(t)]
        inside = [t for t in standing if _stands_in(self.zone, t.box)]
        since_s = _nth_earliest((t.still_since_s for t in inside), self._wanted.min_count)
        return None if since_s is None else _sight_of(inside, since_s)


class LeftBehindRule:
    """A patch that appeared in the zone and stays, and is not a person, vehicle or animal that the model knows.

    Without a model somebody who stands still for the whole dwell looks the same as a suitcase.
    """

    def __init__(self, condition: Condition, zone: Zone, min_area: float) -> None:
        self.condition = condition
        self.zone = zone
        self.objects: frozenset[str] = frozenset()
        self._min_area = min_area

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame; while the light settles nothing is decided."""
        if not observation.armed:
            return self.condition.drop(observation.at_s)
        if not observation.steady:
            return []
        objects = [t.box for t in observation.tracks if t.label != FOREGROUND]
        blobs = [
            b for b in observation.reading.still if b.area >= self._min_area and not _covered(Box(*b.box), objects)
        ]
        return self.condition.update(_sight_of_blobs(blobs, self.zone, 1), observation.at_s)


class BlackRule:
    """The picture is black: the lens is capped, or the sensor or its light is dead."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.zone = WHOLE_PICTURE
        self.objects: frozenset[str] = frozenset()

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""
        if not observation.armed:
            return self.condition.drop(observation.at_s)
        return self.condition.update(Sight() if is_black(observation.picture) else None, observation.at_s)


def _sight_of(tracks: Sequence[Track], since_s: float | None) -> Sight:
    best = max(tracks, key=lambda t: t.confidence)
    boxes = tuple(t.box for t in tracks)
    return Sight(since_s, best.confidence, best.label, len(tracks), boxes)


def _sight_of_blobs(blobs: Iterable[BlobView], zone: Zone, min_count: int) -> Sight | None:
    inside = [b for b in blobs if b.since_s is not None and _stands_in(zone, Box(*b.box))]
    since_s = _nth_earliest((b.since_s for b in inside), min_count)
    if since_s is None:
        return None
    boxes = tuple(Box(*b.box) for b in inside)
    return Sight(since_s + STILL_EARLY_S, max(certainty(b) for b in inside), FOREGROUND, len(inside), boxes)


def _nth_earliest(moments: Iterable[float | None], n: int) -> float | None:
    known = sorted(m for m in moments if m is not None)
    return known[n - 1] if len(known) >= n else None


def _stands_in(zone: Zone, box: Box) -> bool:
    return zone.holds(box) or zone.share_inside(box) >= MOSTLY_INSIDE


def _covered(box: Box, objects: Iterable[Box]) -> bool:
    return any(intersection(box, o) >= COVERED_BY_OBJECT * box_area(box) for o in objects)
