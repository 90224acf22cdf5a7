"""Which grids a position lies in: point in polygon, with an index over their outlines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from camera_configs.geometry import polygon_area
from camera_configs.models import GridConfig

# About 1 km: a town's grid covers one or two cells, and a cell holds a handful of grids.
CELL_DEG = 0.01
# An outline larger than this many cells is looked at for every position instead of being entered in each.
MAX_CELLS = 4_096
# On an edge counts as inside; a centimetre or so, the rounding of ledgers.
EDGE_DEG = 1e-7

LonLat = tuple[float, float]


class GridsAt:
    """The outlines of a site's grids. Grids without an outline are never found."""

    def __init__(self, grids: Iterable[GridConfig]) -> None:
        self._outlines: list[tuple[float, GridConfig]] = []
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._wide: list[int] = []
        for grid in grids:
            if len(grid.polygon) >= 3:
                self._add(grid)

    def _add(self, grid: GridConfig) -> None:
        number = len(self._outlines)
        self._outlines.append((polygon_area(grid.polygon), grid))
        (west, south), (east, north) = _bounds(grid.polygon)
        columns = range(_cell(west - EDGE_DEG), _cell(east + EDGE_DEG) + 1)
        rows = range(_cell(south - EDGE_DEG), _cell(north + EDGE_DEG) + 1)
        if len(columns) * len(rows) > MAX_CELLS:
            self._wide.append(number)
            return
        for column in columns:
            for row in rows:
                self._cells.setdefault((column, row), []).append(number)

    def at(self, lon: float, lat: float) -> list[str]:
        """Return the ids of the grids around a position (WGS-84): base grids first, and of these the smallest first.

        The first is the one that owns a camera's events.
        """
        near = [*self._cells.get((_cell(lon), _cell(lat)), ()), *self._wide]
        found = [self._outlines[n] for n in near if contains(self._outlines[n][1].polygon, lon, lat)]
        return [grid.id for _, grid in sorted(found, key=lambda f: (f[1].kind != "base", f[0], f[1].id))]


def contains(outline: Sequence[LonLat], lon: float, lat: float) -> bool:
    """Say whether a point lies in a simple polygon or on its edge (even-odd rule)."""
    inside = False
    x1, y1 = outline[-1]
    for x2, y2 in outline:
        if _on_edge((x1, y1), (x2, y2), (lon, lat)):
            return True
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
        x1, y1 = x2, y2
    return inside


def _on_edge(a: LonLat, b: LonLat, p: LonLat) -> bool:
    (ax, ay), (bx, by), (px, py) = a, b, p
    if not (min(ax, bx) - EDGE_DEG <= px <= max(ax, bx) + EDGE_DEG):
        return False
    if not (min(ay, by) - EDGE_DEG <= py <= max(ay, by) + EDGE_DEG):
        return False
    length = math.hypot(bx - ax, by - ay)
    return length == 0 or abs((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / length <= EDGE_DEG


def _bounds(outline: Sequence[LonLat]) -> tuple[LonLat, LonLat]:
    lons, lats = [p[0] for p in outline], [p[1] for p in outline]
    return (min(lons), min(lats)), (max(lons), max(lats))


def _cell(degrees: float) -> int:
    return math.floor(degrees / CELL_DEG)
