"""The deadline light."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.casework.deadline import light
from tests.unit.gateway.casework.scenes import NOW


@pytest.mark.parametrize(
    ("minutes", "colour"),
    [(-1, "green"), (0, "green"), (80, "green"), (81, "yellow"), (100, "yellow"), (101, "red"), (9_999, "red")],
)
def test_the_light_turns_at_four_fifths_and_at_the_end(minutes: int, colour: str) -> None:
    """Both limits belong to the calmer side."""
    assert light(NOW, NOW + timedelta(minutes=100), NOW + timedelta(minutes=minutes)) == colour


def test_a_deadline_without_time_is_red_at_once() -> None:
    """A deadline that is over when the case opens does not divide by zero."""
    assert light(NOW, NOW, NOW + timedelta(seconds=1)) == "red"
    assert light(NOW, NOW - timedelta(hours=1), NOW) == "red"
