"""Things that came and stay: a suitcase, litter, goods piled up. Told by size and stillness, not by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import FOREGROUND, BlobView, Observation
from gateway.analysis.rules import is_thing, sight_of_blobs, stands_in
from gateway.analysis.zones import Zone, box_area, intersection
from gateway.types import Box, Signal

# A still patch that an object's box covers by this share is that object standing there, not something left behind.
COVERED_BY_OBJECT = 0.5


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a thing must be; shares of the picture.

    Attributes:
        least: All counted pieces together.
        most: One piece; larger ones are something else.
        piece: One piece at least; the foreground tells of nothing smaller than 0.0005.
    """

    least: float
    most: float = 1.0
    piece: float = 0.0


class LeftBehindRule:
    """Something that appeared in the zone and stays, and is not a person, vehicle or animal that the model knows.

    What has gone instead of come leaves the same patch; `detectors.foreground` tells the two apart by their outlines.
    """

    def __init__(self, condition: Condition, zone: Zone, sizes: Sizes) -> None:
        self.condition = condition
        self.zone = zone
        self.objects: frozenset[str] = frozenset()
        self._sizes = sizes

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame; while the light settles nothing is decided."""
        if not observation.armed:
            return self.condition.drop(observation.at_s)
        if not observation.steady:
            return []
        objects = [t.box for t in observation.tracks if t.label != FOREGROUND]
        things = [b for b in observation.reading.still if self._is_thing(b, observation.at_s)]
        things = [b for b in things if stands_in(self.zone, Box(*b.box)) and not _covered(Box(*b.box), objects)]
        return self.condition.update(self._sight(things), observation.at_s)

    def _is_thing(self, blob: BlobView, at_s: float) -> bool:
        return self._sizes.piece <= blob.area <= self._sizes.most and is_thing(blob, self.condition, at_s)

    def _sight(self, things: Sequence[BlobView]) -> Sight | None:
        enough = _enough(things, self._sizes.least)
        return sight_of_blobs(things, self.zone, enough) if enough else None


def _enough(things: Iterable[BlobView], least: float) -> int:
    """Return how many things, the oldest first, make up that area; 0 when all together do not."""
    area = 0.0
    oldest = sorted(things, key=lambda b: b.since_s or 0.0)
    for number, blob in enumerate(oldest, start=1):
        area += blob.area
        if area >= least:
            return number
    return 0


def _covered(box: Box, objects: Iterable[Box]) -> bool:
    return any(intersection(box, o) >= COVERED_BY_OBJECT * box_area(box) for o in objects)
