"""What may not be watched at all."""

from __future__ import annotations

import pytest

from camera_configs.boundary import about_persons, forbidden_place


@pytest.mark.parametrize("name", ["surface_damage", "drainage", "steel_plate_loose", "interface_box", "package_left"])
def test_innocent_words_are_not_taken_for_persons(name: str) -> None:
    """Parts of words do not trip the boundary."""
    assert not about_persons(name)


@pytest.mark.parametrize("name", ["plate", "plate_reading", "vehicle_plate", "re_id", "face", "age", "重点人员"])
def test_words_about_persons_are_recognised(name: str) -> None:
    """Whole words that ask who somebody is trip it."""
    assert about_persons(name)


@pytest.mark.parametrize("name", ["toilet", "Fitting Room", "staff-rest-room", "客房"])
def test_places_closed_by_law_are_recognised(name: str) -> None:
    """Spelling does not matter; the article is named."""
    assert "article 8" in (forbidden_place(name) or "")


def test_a_public_place_is_not_forbidden() -> None:
    """An unknown word is no forbidden place; the list of classes refuses it by itself."""
    assert forbidden_place("public_road") is None
    assert forbidden_place("rooftop") is None
