"""One entry against its type, in words for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.camera_configs.folders import only_problem, problems_of, spoilt

PLACES = (
    *("public_road", "public_square", "park_green", "waterside", "forest"),
    *("community_outdoor", "site_perimeter", "facility"),
)


@pytest.mark.parametrize(
    ("old", "new", "key_path", "message", "hint"),
    [
        (
            "placement_class: public_road",
            "placement_class: public_raod",
            "cameras[gate-1].legal.placement_class",
            f"'public_raod' is not one of {', '.join(PLACES)}",
            "did you mean 'public_road'?",
        ),
        ('code: "01"', "code: 01", "grids[east].code", "must be text", "put it in quotes"),
        ("name: 东门", "nane: 东门", "cameras[gate-1].nane", "is not a known key", "did you mean 'name'?"),
        (
            "[0.5, 0.2], [0.9, 0.9]]",
            "[0.5, 0.2]]",
            "cameras[gate-1].zones[lane]",
            "a polygon needs at least 3 points",
            "",
        ),
    ],
)
def test_a_single_slip_is_explained(tmp_path: Path, old: str, new: str, key_path: str, message: str, hint: str) -> None:
    """Each slip gives its key, the reason, and the likely meaning."""
    found = problems_of(spoilt(tmp_path, old, new))
    expected = [p for p in found if p.key_path == key_path]
    assert [(p.message, p.hint) for p in expected] == [(message, hint)]


def test_an_unknown_key_points_at_itself_and_suggests(tmp_path: Path) -> None:
    """A typo in a nested key names file, line, column, key and the likely key."""
    problem = only_problem(spoilt(tmp_path, "zone: lane }", "zone: lane, dwel_s: 9 }"))
    assert (problem.line, problem.column) == (20, 58)
    assert str(problem).endswith("cameras[gate-1].rules[lane].dwel_s: is not a known key (did you mean 'dwell_s'?)")


def test_latitude_before_longitude_is_guessed(tmp_path: Path) -> None:
    """Swapped coordinates, the commonest slip on a map, get a hint."""
    swapped = "polygon: [[38.0, 100.0], [38.1, 100.0], [38.1, 100.1]]"
    found = problems_of(spoilt(tmp_path, 'region_code: "620702199001"', f'region_code: "620702199001", {swapped}'))
    assert {p.hint for p in found} == {"longitude comes first, then latitude"}


@pytest.mark.parametrize(("place", "words"), [("toilet", "a toilet"), ("更衣室", "a changing room")])
def test_a_place_closed_by_law_is_refused_with_its_article(tmp_path: Path, place: str, words: str) -> None:
    """A forbidden placement is answered with the article, not with a list of choices."""
    problem = only_problem(spoilt(tmp_path, "public_road", place))
    assert words in problem.message
    assert "article 8 of State Council Order 799" in problem.message


def test_a_password_in_an_address_is_refused_without_repeating_it(tmp_path: Path) -> None:
    """The message says what is wrong and does not carry the secret into a log."""
    problem = only_problem(spoilt(tmp_path, "rtsp://10.0.0.5", "rtsp://admin:hunter2@10.0.0.5"))
    assert "must not contain a user name or password" in problem.message
    assert "hunter2" not in str(problem)
