"""Congestion: slow vehicles that cover a large part of a road for minutes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.lines import alive_in
from gateway.analysis.observation import Observation
from gateway.analysis.rules import Wanted, sight_of, stands_in
from gateway.analysis.zones import Vertex, Zone, box_centre
from gateway.types import Signal, Track

# Share of the zone under slow vehicles, unless the rule says its own: bumper to bumper in perspective covers half or
# more of a lane, vehicles that flow a quarter at most.
LEAST_SHARE = 0.35
LEAST_VEHICLES = 2  # unless the rule says its own: one lorry, or one slip of a model, may cover a lane
LARGEST_SHARE = 0.9  # of the zone, under one box: models take a whole road for a vehicle now and then
KEEP = 0.7  # of the share and of the number: enough to go on, once raised
# Slower than so many of its own diagonals per second: a walk, for a car. Judged over a while, as boxes tremble.
SLOW = 0.4
JUDGED_OVER_S = 2.0
REMEMBERED_S = 6.0
Values = NDArray[np.float64]
_GRID = (48, 27)  # points of the picture, across and down, at which a zone is sampled


class CongestionRule:
    """Slow vehicles, `min_count` at least, cover a share of the zone.

    Args:
        condition: Its patience, in seconds of time, not of frames.
        zone: The lanes; verges and parking bays left out.
        wanted: Which objects count.
        share: Of the zone; see `LEAST_SHARE`.
    """

    def __init__(self, condition: Condition, zone: Zone, wanted: Wanted, share: float = LEAST_SHARE) -> None:
        self.condition = condition
        self.zone = zone
        self.objects = wanted.objects
        self._wanted = wanted
        self._share = share
        self._points = _points_in(zone)
        self._places: dict[int, deque[tuple[float, Vertex]]] = {}

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame."""
        if not observation.armed:
            self._places = {}
            return self.condition.drop(observation.at_s)
        if not observation.looked:
            return []
        known = self.condition.raised
        inside = [t for t in observation.seen if self._wanted.accepts(t, known=known) and stands_in(self.zone, t.box)]
        for track in inside:
            self._remember(track, observation.at_s)
        alive = alive_in(observation)
        self._places = {i: places for i, places in self._places.items() if i in alive}
        slow = [t for t in inside if self._is_slow(t)]
        return self.condition.update(self._sight(slow, KEEP if known else 1.0), observation.at_s)

    def _remember(self, track: Track, at_s: float) -> None:
        places = self._places.setdefault(track.id, deque())
        places.append((at_s, box_centre(track.box)))
        while places[0][0] < at_s - REMEMBERED_S:
            places.popleft()

    def _is_slow(self, track: Track) -> bool:
        if track.still_since_s is not None:
            return True
        places = self._places[track.id]
        over_s = places[-1][0] - places[0][0]
        # The whole way, there and back: in traffic that flows, a track may leap from car to car and stay where it is.
        way = sum(math.dist(a, b) for (_, a), (_, b) in pairwise(places))
        pace = SLOW * math.hypot(track.box.x2 - track.box.x1, track.box.y2 - track.box.y1)
        return over_s >= JUDGED_OVER_S and way <= pace * over_s

    def _sight(self, slow: Sequence[Track], keep: float) -> Sight | None:
        if not slow or len(slow) < self._wanted.min_count * keep or self._covered(slow) < self._share * keep:
            return None
        return sight_of(slow, None)

    def _covered(self, tracks: Sequence[Track]) -> float:
        """Return the share of the zone that lies under these objects' boxes; what they share counts once."""
        x, y = self._points
        hidden = np.zeros(x.shape, bool)
        for box in (t.box for t in tracks):
            under = (x >= box.x1) & (x <= box.x2) & (y >= box.y1) & (y <= box.y2)
            if np.count_nonzero(under) <= LARGEST_SHARE * under.size:
                hidden |= under
        return float(hidden.mean()) if hidden.size else 0.0


def _points_in(zone: Zone) -> tuple[Values, Values]:
    across, down = _GRID
    grid = [((i + 0.5) / across, (j + 0.5) / down) for i in range(across) for j in range(down)]
    inside = np.array([point for point in grid if zone.contains(point)]).reshape(-1, 2)
    return inside[:, 0], inside[:, 1]
