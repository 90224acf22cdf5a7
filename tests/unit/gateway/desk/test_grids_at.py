"""Which grids a position lies in."""

from __future__ import annotations

from gateway.desk.grids_at import GridsAt, contains
from tests.unit.gateway.desk.county import grid


def test_outside_every_outline_there_is_none() -> None:
    """Nor in a grid without an outline."""
    located = GridsAt([grid("east", 118.1), grid("nowhere", 118.0, polygon=())])
    assert located.at(118.05, 35.05) == []
    assert GridsAt([]).at(0, 0) == []


def test_an_edge_belongs_to_both_neighbours() -> None:
    """A camera on the road between two grids is seen from both."""
    located = GridsAt([grid("west", 118.0), grid("east", 118.1)])
    assert sorted(located.at(118.1, 35.05)) == ["east", "west"]
    assert located.at(118.15, 35.05) == ["east"]
    assert located.at(118.2, 35.1) == ["east"]


def test_the_smallest_base_grid_owns() -> None:
    """A dedicated grid over it comes last, a larger one behind the smaller."""
    wide = grid("wide", 0, polygon=((117, 34), (119, 34), (119, 36), (117, 36)))
    market = grid("market", 118.1, kind="dedicated")
    assert GridsAt([wide, market, grid("east", 118.1)]).at(118.15, 35.05) == ["east", "wide", "market"]


def test_a_grid_as_large_as_a_country_is_found_without_filling_the_index() -> None:
    """It is looked at for every position instead."""
    assert GridsAt([grid("land", 0, polygon=((70, 10), (140, 10), (140, 60), (70, 60)))]).at(118, 35) == ["land"]


def test_a_bay_is_outside() -> None:
    """Outlines need not be convex."""
    bay = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0))
    assert not contains(bay, 2, 2)
    assert contains(bay, 2, 0.5)
    assert contains(bay, 2, 1)
