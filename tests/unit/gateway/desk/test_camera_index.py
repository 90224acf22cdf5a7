"""All cameras of a site in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from camera_configs.models import Position, SiteConfig
from gateway.desk.camera_index import CameraFilter, CameraIndex, SortField, Window
from storage.protocols import Scope
from tests.unit.gateway.desk.county import camera, county

EVERYTHING = Scope(None)


def site() -> SiteConfig:
    return county(
        camera("c", "east", name="甲 gate"),
        camera("a", "west", name="乙", tags=("flood",)),
        camera("b", "west", name="甲", grids=("west", "east"), enabled=False),
    )


def ids(index: CameraIndex, positions: object) -> list[str]:
    return [index.ids[n] for n in positions]  # type: ignore[attr-defined]


def chosen(scope: Scope = EVERYTHING, **wanted: Any) -> list[str]:
    index = CameraIndex(site())
    return ids(index, np.flatnonzero(index.select(scope, CameraFilter(**wanted))))


def test_an_empty_site_has_nothing_to_show() -> None:
    """Neither list nor map fail before the first camera."""
    index = CameraIndex(county())
    mask = index.select(EVERYTHING, CameraFilter("x"))
    assert list(index.ordered(mask, "name")) == []
    seen = index.seen_on_map(mask, Window(-180, -90, 180, 90, 3), mask, mask)
    assert (seen.clusters, seen.singles) == ((), ())


def test_only_the_scope_is_chosen_from() -> None:
    """A camera in two grids is seen from both; a grid of others shows nothing."""
    assert chosen(Scope(frozenset({"east"}))) == ["b", "c"]
    assert chosen(Scope(frozenset({"east"})), grid_id="west") == ["b"]
    assert chosen(Scope(frozenset({"north"}))) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"words": "甲"}, ["b", "c"]),
        ({"words": " GATE 甲 "}, ["c"]),
        ({"words": "flood"}, ["a"]),
        ({"words": "nowhere"}, []),
        ({"tag": "flood"}, ["a"]),
        ({"grid_id": "east"}, ["b", "c"]),
        ({"region_code": "3711"}, ["a", "b", "c"]),
        ({"region_code": "44"}, []),
    ],
)
def test_filters_narrow(wanted: dict[str, str], expected: list[str]) -> None:
    """All words, in whichever order and case."""
    assert chosen(EVERYTHING, **wanted) == expected


@pytest.mark.parametrize(
    ("by", "descending", "expected"),
    [("id", False, "abc"), ("id", True, "cba"), ("name", False, "abc"), ("name", True, "cba"), ("grid", False, "cab")],
)
def test_pages_go_on_where_the_last_one_ended(by: SortField, descending: bool, expected: str) -> None:
    """Also when the camera that ended it is gone."""
    index = CameraIndex(site())
    everyone = index.visible(EVERYTHING)
    order = index.ordered(everyone, by, descending=descending)
    assert "".join(ids(index, order)) == expected
    for n, position in enumerate(order):
        rest = index.ordered(everyone, by, descending=descending, after=index.key(position, by))
        assert ids(index, rest) == list(expected[n + 1 :])
    if by == "id":
        assert ids(index, index.ordered(everyone, "id", after=("", "aa"))) == ["b", "c"]
        assert ids(index, index.ordered(everyone, "id", after=("", "bb"), descending=True)) == ["b", "a"]


def spread(*places: tuple[float, float]) -> CameraIndex:
    return CameraIndex(county(*(camera(f"c{n}", position=Position(lon=x, lat=y)) for n, (x, y) in enumerate(places))))


def test_near_cameras_are_one_cluster_and_far_ones_stand_alone() -> None:
    """A cluster says how many of it are away and faulty; its place is the mean."""
    index = spread((118.0, 35.0), (118.0002, 35.0002), (119.5, 36.0))
    everyone = index.visible(EVERYTHING)
    away = np.array([True, False, True])
    seen = index.seen_on_map(everyone, Window(117, 34, 120, 37, 10), away, ~away)
    (cluster,) = seen.clusters
    assert (cluster.count, cluster.away, cluster.faulty) == (2, 1, 1)
    assert (cluster.lon, cluster.lat) == pytest.approx((118.0001, 35.0001))
    assert ids(index, seen.singles) == ["c2"]


def test_only_the_window_is_shown() -> None:
    """One over the 180th meridian too."""
    index = spread((179.9, 0.0), (-179.9, 0.0), (0.0, 0.0))
    everyone = index.visible(EVERYTHING)
    seen = index.seen_on_map(everyone, Window(179, -1, -179, 1, 12), everyone, everyone)
    assert ids(index, seen.singles) == ["c0", "c1"]


def test_cameras_on_one_pole_are_told_apart_from_near() -> None:
    """At the last zoom levels every camera is shown."""
    index = spread(*[(118.0, 35.0)] * 3)
    everyone = index.visible(EVERYTHING)
    assert len(index.seen_on_map(everyone, Window(117, 34, 119, 36, 17), ~everyone, ~everyone).clusters) == 1
    assert len(index.seen_on_map(everyone, Window(117, 34, 119, 36, 18), ~everyone, ~everyone).singles) == 3
