"""Vehicles that travel against the arrow of an area: a stretch long enough, for long enough, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.lines import alive_in
from gateway.analysis.observation import Observation
from gateway.analysis.rules import KEEP_MARGIN, Wanted, sight_of
from gateway.analysis.zones import Vertex, Zone, foot_point
from gateway.types import Box, Signal, Track

# So far it must have gone against the arrow: of the picture's height, and of its own diagonal. A car that rolls back
# at a light, or backs into a gap, goes less far.
LEAST_TRAVEL = 0.05
TRAVEL_OF_BOX = 0.75
LEAST_S = 1.0
LEAST_STEPS = 3
# One step that makes up more of the way than this is the tracker's: it took the next car for the one before.
LARGEST_STEP = 0.6
# A step of less than this share of the way asked for is none; of a queue that drives off, the tracker hops from car to
# car and rests in between. Two steps for each rest are travel. After so many rests it stands, and may begin anew.
IDLE = 0.08
STEPS_PER_REST = 2
STANDS = 4
# So much of the way back along the arrow, and the count begins anew; after it was told, it takes half of the way.
TURNED = 0.25
TURNED_ROUND = 0.5
SIDEWAYS = 1.7  # times as far aside as against: it goes across, not against (60 degrees)
USUAL_ASPECT = 16 / 9  # of the picture, while none has been seen


@dataclass(slots=True)
class _Way:
    """How one object travels, in picture heights."""

    place: Vertex  # from where it has gone against the arrow
    since_s: float
    along: float  # how far along the arrow it is now
    begin: float  # how far it was at `place`
    lowest: float
    steps: int = 0
    rests: int = 0
    resting: int = 0  # in a row
    largest: float = 0.0
    against: bool = False

    def restart(self, place: Vertex, along: float, at_s: float) -> None:
        self.place, self.since_s, self.begin, self.lowest = place, at_s, along, along
        self.steps, self.rests, self.resting, self.largest, self.against = 0, 0, 0, 0.0, False

    def step(self, length: float, least: float) -> None:
        if length >= least:
            self.steps, self.resting, self.largest = self.steps + 1, 0, max(self.largest, length)
        else:
            self.rests, self.resting = self.rests + 1, self.resting + 1


class WrongWayRule:
    """An object in the zone travels against its arrow; told until it turns round or leaves.

    Args:
        condition: Its patience.
        zone: An area.
        arrow: From, to, in 0-1 of the picture: the way that things go there.
        wanted: Which objects count.
    """

    def __init__(self, condition: Condition, zone: Zone, arrow: tuple[Vertex, Vertex], wanted: Wanted) -> None:
        self.condition = condition
        self.zone = zone
        self.objects = wanted.objects
        self._wanted = wanted
        self._arrow = arrow
        self._ways: dict[int, _Way] = {}

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""
        if not observation.armed:
            self._ways = {}
            return self.condition.drop(observation.at_s)
        if not observation.looked:
            return []
        aspect = _aspect(observation)
        inside = [t for t in observation.seen if self._counts(t)]
        for track in inside:
            self._follow(track, aspect, observation.at_s)
        alive = alive_in(observation)
        self._ways = {i: way for i, way in self._ways.items() if i in alive}
        return self.condition.update(self._sight(inside), observation.at_s)

    def _counts(self, track: Track) -> bool:
        known = self.condition.raised
        if not self._wanted.accepts(track, known=known):
            return False
        return self.zone.holds(track.box) or (known and self.zone.is_near(foot_point(track.box), KEEP_MARGIN))

    def _follow(self, track: Track, aspect: float, at_s: float) -> None:
        place, along = self._project(track.box, aspect)
        way = self._ways.get(track.id)
        if way is None:
            self._ways[track.id] = _Way(place, at_s, along, along, along)
            return
        step, way.along = way.along - along, along
        need = max(LEAST_TRAVEL, TRAVEL_OF_BOX * _diagonal(track.box, aspect))
        turned = along - way.lowest >= need * (TURNED_ROUND if way.against else TURNED)
        if turned or (along >= way.begin and not way.against):
            way.restart(place, along, at_s)
            return
        way.lowest = min(way.lowest, along)
        way.step(step, IDLE * need)
        if way.resting >= STANDS and not way.against:
            way.restart(place, along, at_s)
        way.against = way.against or _goes_against(way, place, need, at_s)

    def _project(self, box: Box, aspect: float) -> tuple[Vertex, float]:
        (fx, fy), (tx, ty) = self._arrow
        dx, dy = (tx - fx) * aspect, ty - fy
        x, y = foot_point(box)
        return (x * aspect, y), (x * aspect * dx + y * dy) / math.hypot(dx, dy)

    def _sight(self, inside: Sequence[Track]) -> Sight | None:
        wrong = [t for t in inside if t.id in self._ways and self._ways[t.id].against]
        if len(wrong) < self._wanted.min_count:
            return None
        return sight_of(wrong, sorted(self._ways[t.id].since_s for t in wrong)[self._wanted.min_count - 1])


def _goes_against(way: _Way, place: Vertex, need: float, at_s: float) -> bool:
    gone = way.begin - way.along
    aside = math.sqrt(max(0.0, math.dist(place, way.place) ** 2 - gone**2))
    far = gone >= need and aside <= SIDEWAYS * gone and at_s - way.since_s >= LEAST_S
    steady = way.steps >= max(LEAST_STEPS, STEPS_PER_REST * way.rests) and way.largest <= LARGEST_STEP * gone
    return far and steady


def _aspect(observation: Observation) -> float:
    if observation.small is None:
        return USUAL_ASPECT
    height, width = observation.small.shape[:2]
    return float(width / height)


def _diagonal(box: Box, aspect: float) -> float:
    return math.hypot((box.x2 - box.x1) * aspect, box.y2 - box.y1)
