"""Points and polygons of the configuration, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

Unit = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Unit, Unit]  # x, y in 0-1 of the picture
LonLat = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]

# A zone smaller than this share of the picture is a slip of the hand: nothing could be seen in it.
MIN_AREA = 1e-4
# An arrow shorter than this was a slip of the hand too: its direction would be anybody's guess.
MIN_ARROW = 0.02
# Sine of the angle, in the picture as it is stored, under which an arrow runs along a line rather than over it.
LEAST_ACROSS = 0.2


def polygon_area(polygon: Sequence[tuple[float, float]]) -> float:
    """Return the area enclosed by a simple polygon (shoelace formula), in square units of its points."""
    total = 0.0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        total += x1 * y2 - x2 * y1
    return abs(total) / 2


def check_polygon(polygon: Sequence[tuple[float, float]], *, line: bool = False) -> None:
    """Refuse shapes in which nothing could be seen.

    Raises:
        ValueError: Too few points, no area, or edges that cross.
    """
    if line:
        if len(polygon) < 2:
            raise ValueError("a line needs at least 2 points")
        return
    if len(polygon) < 3:
        raise ValueError("a polygon needs at least 3 points")
    if polygon_area(polygon) < MIN_AREA:
        raise ValueError("the polygon encloses no area")
    if _crosses_itself(polygon):
        raise ValueError("the polygon's edges cross")


def check_arrow(arrow: tuple[Point, Point] | None) -> tuple[Point, Point] | None:
    """Return the arrow.

    Raises:
        ValueError: It is too short to say a direction.
    """
    if arrow is not None and math.dist(*arrow) < MIN_ARROW:
        raise ValueError("the arrow is too short: its two points must lie apart")
    return arrow


def leads_across(line: Sequence[tuple[float, float]], arrow: tuple[Point, Point]) -> bool:
    """Say whether an arrow leads over a line, not along it; judged from the line's first point to its last."""
    (ax, ay), (bx, by) = line[0], line[-1]
    (fx, fy), (tx, ty) = arrow
    area = (bx - ax) * (ty - fy) - (by - ay) * (tx - fx)
    return abs(area) >= LEAST_ACROSS * math.dist((ax, ay), (bx, by)) * math.dist(*arrow) > 0


def check_outline(outline: Sequence[tuple[float, float]]) -> None:
    """Refuse the outline of an area on the map (longitude, latitude) that encloses nothing or crosses itself.

    Raises:
        ValueError: Too few points, no area, or points out of order.
    """
    if len(outline) < 3:
        raise ValueError("an outline needs at least 3 points")
    if polygon_area(outline) == 0:
        raise ValueError("the outline encloses no area")
    if _crosses_itself(outline):
        raise ValueError("the outline's edges cross: its points are out of order")


def _crosses_itself(polygon: Sequence[tuple[float, float]]) -> bool:
    n = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    return any(
        _cross(*edges[i], *edges[j])
        for i in range(n)
        for j in range(i + 1, n)
        if j != i + 1 and not (i == 0 and j == n - 1)
    )


def _side(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0
