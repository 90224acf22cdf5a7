"""Lines: who goes over them, which way, counted or flagged. Scene level only: a number, never a who.

An object crosses when it was clearly on one side and is then clearly on the other, so that one that stands on the
line, and whose box trembles, crosses nothing. The way it took past a line's end is seen as what it is: no crossing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from camera_configs.models import ZoneConfig
from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import Observation
from gateway.analysis.rules import Wanted, sight_of
from gateway.analysis.zones import Vertex, Zone, foot_point
from gateway.types import Box, Crossing, Signal, Track

# How far from the line an object must be seen on either side: of the picture, or of its own diagonal.
LEAST_CLEAR = 0.01
CLEAR_OF_BOX = 0.08
LEAP = 0.3  # of its own diagonal, in one step
REST = 0.03
# A box that grows or shrinks so much in one step has taken in something else, or lost a part: its foot has not moved.
RESHAPED = 1.4
# Movement so close to a line is worth decoding: an object must be seen before it is there.
REACH = 0.08
# Less sure sightings are not counted: what a rule asks for by default.
COUNT_CONFIDENCE = 0.35
# A crossing is a moment; what has crossed is taken for the crossing's subject for so long, if it stays in view.
OVER_S = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the picture.

    Attributes:
        points: Two or more, in 0-1 of the picture.
        arrow: Which way is "along"; None: both are alike.
    """

    id: str
    points: tuple[Vertex, ...]
    arrow: tuple[Vertex, Vertex] | None = None

    @classmethod
    def of(cls, config: ZoneConfig) -> Line:
        """Return the line that was configured."""
        return cls(config.id, config.polygon, config.arrow)

    @property
    def surroundings(self) -> Zone:
        """Where movement may lead over the line: everything near it, and between its bends."""
        corners = [(x + dx, y + dy) for x, y in self.points for dx in (-REACH, REACH) for dy in (-REACH, REACH)]
        hull = cv2.convexHull(np.array(corners, np.float32)).reshape(-1, 2)
        return Zone(self.id, tuple((float(x), float(y)) for x, y in hull))

    def distance(self, point: Vertex) -> float:
        """Return how far a point lies from the line."""
        return min(_distance(a, b, point) for a, b in pairwise(self.points))

    def ways_over(self, start: Vertex, end: Vertex) -> int:
        """Return how often the straight way from one point to another leads over the line along the arrow, net.

        -1: once against it. Without an arrow, along is from the left of the line to its right, as it was drawn.
        """
        along = 1 if self.arrow is None else _sign(_turn(self.points[0], self.points[-1], *self.arrow))
        return along * sum(_over(a, b, start, end) for a, b in pairwise(self.points))


class Crossings:
    """Remembers where each object of one camera was last clearly seen beside a line.

    A leap back over the line is no crossing: the tracker has taken the next vehicle for the one before, and from there
    that one is followed. Nor is a box that is suddenly another one.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._clear: dict[int, Vertex] = {}
        # Where it was, the way it had come there, and its diagonal.
        self._seen: dict[int, tuple[Vertex, Vertex, float]] = {}

    def update(self, seen: Iterable[Track], alive: Collection[int]) -> list[tuple[Track, bool]]:
        """Return the objects that have just crossed, each with whether along the arrow; `alive`: ids still followed."""
        crossed = []
        for track in seen:
            foot = foot_point(track.box)
            leapt = self._leaps_back(track, foot)
            if self._line.distance(foot) < clearance(track.box):
                continue
            before = self._clear.get(track.id, foot)
            self._clear[track.id] = foot
            ways = self._line.ways_over(before, foot)
            if ways and not leapt:
                crossed.append((track, ways > 0))
        self._clear = {i: place for i, place in self._clear.items() if i in alive}
        self._seen = {i: seen for i, seen in self._seen.items() if i in alive}
        return crossed

    def _leaps_back(self, track: Track, foot: Vertex) -> bool:
        """Say whether an object has gone far, in one step, against the way it had been going, or changed its shape."""
        size = math.hypot(track.box.x2 - track.box.x1, track.box.y2 - track.box.y1)
        place, came, before = self._seen.get(track.id, (foot, (0.0, 0.0), size))
        step = (foot[0] - place[0], foot[1] - place[1])
        rests = math.hypot(*step) < REST * size  # or is held where it was last seen: it has no new way
        self._seen[track.id] = foot, came if rests else step, size
        back = step[0] * came[0] + step[1] * came[1] < 0
        return (back and math.hypot(*step) >= LEAP * size) or max(size, before) > RESHAPED * min(size, before)


class LineCounter:
    """Counts what crosses a line, by kind and way. It runs as the rules do, and never raises anything."""

    def __init__(self, condition: Condition, line: Line, objects: Iterable[str]) -> None:
        self.condition = condition
        self.zone = line.surroundings
        self.objects = frozenset(objects)
        self._line_id = line.id
        self._crossings = Crossings(line)
        self._counted: list[Crossing] = []

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame; one in which nothing was looked for changes nothing."""
        if observation.armed and observation.looked:
            sure = [t for t in observation.seen if t.label in self.objects and t.confidence >= COUNT_CONFIDENCE]
            crossed = self._crossings.update(sure, alive_in(observation))
            self._counted += [Crossing(self._line_id, t.label, along, observation.at_s) for t, along in crossed]
        return []

    def take(self) -> list[Crossing]:
        """Return what crossed since the last call, in order of time."""
        counted, self._counted = self._counted, []
        return counted


class LineRule:
    """Something goes over a line, along its arrow: livestock onto the road, vehicles into a lane that is closed.

    Args:
        condition: Its patience.
        line: Without an arrow either way counts.
        wanted: What must cross it, and how many at about the same time.
        against: Flag the other way instead.
    """

    def __init__(self, condition: Condition, line: Line, wanted: Wanted, *, against: bool = False) -> None:
        self.condition = condition
        self.zone = line.surroundings
        self.objects = wanted.objects
        self._wanted = wanted
        self._ways = {not against} if line.arrow is not None else {True, False}
        self._crossings = Crossings(line)
        self._over_s: dict[int, float] = {}  # when an object crossed, by its id

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""
        if not observation.armed:
            self._over_s = {}
            return self.condition.drop(observation.at_s)
        if not observation.looked:
            return []
        wanted = [t for t in observation.seen if self._wanted.accepts(t)]
        alive = alive_in(observation)
        for track, along in self._crossings.update(wanted, alive):
            self._over_s.pop(track.id, None)
            if along in self._ways:
                self._over_s[track.id] = observation.at_s
        latest_s = observation.at_s - max(OVER_S, self.condition.patience.dwell_s + OVER_S)
        self._over_s = {i: s for i, s in self._over_s.items() if i in alive and s >= latest_s}
        over = [t for t in observation.seen if t.id in self._over_s]
        return self.condition.update(self._sight(over, self._over_s), observation.at_s)

    def _sight(self, over: Sequence[Track], since_s: Mapping[int, float]) -> Sight | None:
        if len(over) < self._wanted.min_count:
            return None
        return sight_of(over, min(since_s[t.id] for t in over))


def alive_in(observation: Observation) -> frozenset[int]:
    """Return the ids of all objects still followed, seen in this frame or not."""
    return frozenset(t.id for t in observation.tracks)


def clearance(box: Box) -> float:
    """Return how far from a line an object of that size must stand to be beside it for sure."""
    return max(LEAST_CLEAR, CLEAR_OF_BOX * math.hypot(box.x2 - box.x1, box.y2 - box.y1))


def _turn(a: Vertex, b: Vertex, p: Vertex, q: Vertex) -> float:
    """Return the cross product of the ways a-b and p-q: its sign says to which side of the one the other leads."""
    return (b[0] - a[0]) * (q[1] - p[1]) - (b[1] - a[1]) * (q[0] - p[0])


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _over(a: Vertex, b: Vertex, start: Vertex, end: Vertex) -> int:
    """Return 1 or -1 where the way leads over the stretch a-b, by its side; 0 where it does not.

    An end of the stretch belongs to it at `a` only: a way through a bend leads over the line once.
    """
    if (_turn(a, b, a, start) > 0) == (_turn(a, b, a, end) > 0):
        return 0
    if (_turn(start, end, start, a) > 0) == (_turn(start, end, start, b) > 0):
        return 0
    return _sign(_turn(a, b, start, end))


def _distance(a: Vertex, b: Vertex, point: Vertex) -> float:
    length = math.dist(a, b) ** 2
    along = ((point[0] - a[0]) * (b[0] - a[0]) + (point[1] - a[1]) * (b[1] - a[1])) / length if length else 0.0
    share = min(1.0, max(0.0, along))
    return math.dist(point, (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
