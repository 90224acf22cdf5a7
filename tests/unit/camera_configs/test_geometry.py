"""Shapes in which something can be seen."""

from __future__ import annotations

import pytest

from camera_configs.geometry import check_arrow, check_outline, check_polygon, leads_across, polygon_area


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        ([(0, 0), (1, 1)], "at least 3 points"),
        ([(0, 0), (0.5, 0.5), (1, 1)], "no area"),
        ([(0, 0), (1, 1), (1, 0), (0, 0.9)], "edges cross"),
    ],
)
def test_shapes_that_show_nothing_are_refused(polygon: list[tuple[float, float]], message: str) -> None:
    """Too few points, no area, or crossing edges, in a picture and on the map."""
    with pytest.raises(ValueError, match=message):
        check_polygon(polygon)
    with pytest.raises(ValueError, match=message):
        check_outline(polygon)


def test_a_line_needs_two_points() -> None:
    """A line has no area, and a single point is no line."""
    check_polygon([(0, 0), (1, 1)], line=True)
    with pytest.raises(ValueError, match="at least 2 points"):
        check_polygon([(0, 0)], line=True)


def test_an_outline_may_be_as_small_as_a_courtyard() -> None:
    """Degrees are large: 100 m square is a millionth of a square degree."""
    check_outline([(100.0, 38.0), (100.001, 38.0), (100.001, 38.001), (100.0, 38.001)])


def test_area_does_not_depend_on_the_direction() -> None:
    """Clockwise and anticlockwise polygons are alike."""
    square = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]
    assert polygon_area(square) == polygon_area(square[::-1]) == 0.25


def test_an_arrow_must_say_a_direction() -> None:
    """A click without a drag says none; nor has a zone without an arrow."""
    with pytest.raises(ValueError, match="too short"):
        check_arrow(((0.5, 0.5), (0.51, 0.51)))
    assert check_arrow(None) is None
    assert check_arrow(((0.5, 0.5), (0.5, 0.6))) == ((0.5, 0.5), (0.5, 0.6))


@pytest.mark.parametrize(
    ("line", "across"),
    [
        ([(0.2, 0.5), (0.8, 0.5)], True),
        ([(0.5, 0.2), (0.5, 0.8)], False),
        ([(0.2, 0.2), (0.8, 0.8)], True),
        ([(0.45, 0.2), (0.55, 0.8)], False),  # ten degrees: as good as along it
        ([(0.2, 0.5), (0.5, 0.9), (0.8, 0.5)], True),  # a bend is judged from end to end
        ([(0.5, 0.5), (0.6, 0.6), (0.5, 0.5)], False),  # it ends where it began
    ],
)
def test_an_arrow_leads_over_a_line_or_along_it(line: list[tuple[float, float]], across: bool) -> None:
    """Downwards."""
    assert leads_across(line, ((0.5, 0.4), (0.5, 0.6))) == across
