"""Zones: where in the picture a rule looks. Plain geometry in 0-1 of the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camera_configs.geometry import polygon_area
from camera_configs.models import ZoneConfig
from gateway.types import Box

Vertex = tuple[float, float]

# A box that ends this close to the picture's edge is taken to go on outside: its foot is pulled back to here, so
# that a tall person cut at the bottom still stands in a zone that was drawn a little inside the picture.
EDGE_MARGIN = 0.03


def box_area(box: Box) -> float:
    """Return the area as a share of the picture."""
    return max(0.0, box.x2 - box.x1) * max(0.0, box.y2 - box.y1)


def box_centre(box: Box) -> Vertex:
    """Return the middle of a box."""
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def intersection(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    return width * height if width > 0 and height > 0 else 0.0


def iou(a: Box, b: Box) -> float:
    """Return intersection over union, 0-1."""
    shared = intersection(a, b)
    return shared / (box_area(a) + box_area(b) - shared) if shared > 0 else 0.0


def grown(box: Box, margin: float) -> Box:
    """Return the box, larger by `margin` on every side."""
    return Box(box.x1 - margin, box.y1 - margin, box.x2 + margin, box.y2 + margin)


def foot_point(box: Box) -> Vertex:
    """Return where an object stands: the bottom centre, pulled back from the picture's edges."""
    x, y = (box.x1 + box.x2) / 2, box.y2
    return min(max(x, EDGE_MARGIN), 1 - EDGE_MARGIN), min(max(y, EDGE_MARGIN), 1 - EDGE_MARGIN)


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon of the picture; no vertices at all mean the whole picture."""

    id: str | None
    polygon: tuple[Vertex, ...]

    @classmethod
    def of(cls, config: ZoneConfig) -> Zone:
        """Return the zone that was configured."""
        return cls(config.id, tuple((x, y) for x, y in config.polygon))

    def contains(self, point: Vertex) -> bool:
        """Say whether the point lies inside (even-odd rule; on an edge either answer may come)."""
        if not self.polygon:
            return True
        x, y = point
        inside = False
        for (x1, y1), (x2, y2) in self._edges():
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
        return inside

    def holds(self, box: Box) -> bool:
        """Say whether the object in the box stands in the zone, judged by its foot."""
        return self.contains(foot_point(box))

    def share_inside(self, box: Box) -> float:
        """Return which share of the box lies in the zone, 0-1."""
        area = box_area(box)
        if area <= 0:
            return 0.0
        return 1.0 if not self.polygon else min(1.0, polygon_area_in(self.polygon, box) / area)

    def touches(self, box: Box, margin: float = 0.0) -> bool:
        """Say whether the box, grown by `margin`, overlaps the zone."""
        return not self.polygon or polygon_area_in(self.polygon, grown(box, margin)) > 0

    def is_near(self, point: Vertex, margin: float) -> bool:
        """Say whether the point lies in the zone or not further than `margin`, to each side, from it."""
        return self.touches(Box(*point, *point), margin)

    def _edges(self) -> Iterable[tuple[Vertex, Vertex]]:
        return zip(self.polygon, (*self.polygon[1:], self.polygon[0]), strict=True)


WHOLE_PICTURE = Zone(None, ())


def polygon_area_in(polygon: Sequence[Vertex], box: Box) -> float:
    """Return the area of the polygon inside the box (Sutherland-Hodgman, one side of the box after another)."""
    points = list(polygon)
    for axis, limit, sign in ((0, box.x1, 1.0), (0, box.x2, -1.0), (1, box.y1, 1.0), (1, box.y2, -1.0)):
        points = _cut(points, axis, limit, sign)
        if len(points) < 3:
            return 0.0
    return polygon_area(points)


def _cut(points: Sequence[Vertex], axis: int, limit: float, sign: float) -> list[Vertex]:
    kept: list[Vertex] = []
    for a, b in zip(points, [*points[1:], points[0]], strict=True):
        a_in, b_in = (a[axis] - limit) * sign >= 0, (b[axis] - limit) * sign >= 0
        if a_in:
            kept.append(a)
        if a_in != b_in:
            t = (limit - a[axis]) / (b[axis] - a[axis])
            kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
    return kept
