"""Differences in words that people can follow, and no secret among them."""

from __future__ import annotations

import pytest

from camera_configs.diff import Difference, differences

CAMERA = {
    "id": "gate",
    "name": "东门",
    "streams": [{"url": "rtsp://a/x", "password_sealed": "token-1"}],
    "rules": [{"id": "lane", "dwell_s": 60.0}, {"id": "bins"}],
}


def paths(after: dict[str, object]) -> list[str]:
    return [found.path for found in differences(CAMERA, {**CAMERA, **after})]


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        ({}, []),
        ({"name": "西门"}, ["name"]),
        ({"rules": [{"id": "lane", "dwell_s": 30.0}, {"id": "bins"}]}, ["rules[lane].dwell_s"]),
        ({"rules": [{"id": "lane", "dwell_s": 60.0}]}, ["rules[bins]"]),
        ({"rules": [{"id": "bins"}, {"id": "lane", "dwell_s": 60.0}]}, ["rules"]),
        ({"streams": [{"url": "rtsp://b/x", "password_sealed": "token-1"}]}, ["streams[main].url"]),
        ({"tags": ["north"]}, ["tags"]),
        ({"zones": [{"id": "yard", "polygon": [[0, 0]]}]}, ["zones[yard]"]),
    ],
)
def test_paths_name_entries(after: dict[str, object], wanted: list[str]) -> None:
    """Rules, zones and streams are named, not numbered."""
    assert paths(after) == wanted


def test_secrets_are_told_and_not_shown() -> None:
    """That a password is another one is worth knowing; which one is nobody's business."""
    after = {**CAMERA, "streams": [{"url": "rtsp://a/x", "password_sealed": "token-2"}]}
    assert differences(CAMERA, after) == [Difference("streams[main].password_sealed", "***", "***")]
    [whole] = differences(None, after)
    assert "token-2" not in str(whole)


def test_whole_entries_come_and_go() -> None:
    """An entry that was not there, or is not any more, is one difference."""
    assert [d.path for d in differences(None, CAMERA)] == [""]
    assert str(differences(CAMERA, None)[0]).endswith("-> -")
    assert differences(None, None) == []
