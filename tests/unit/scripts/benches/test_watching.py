"""The site that the benches write is one that the gateway takes, with the rules they reckon with."""

from __future__ import annotations

from pathlib import Path

from camera_configs.loader import load_site
from gateway.analysis.ruleset import make_rules
from scripts.benches.watching import Watched, write_site


def test_the_site_loads_and_its_rules_are_armed_without_a_model(tmp_path: Path) -> None:
    """A fast camera asks for a look every 2 s, a slow one every 10 s; the faults run on both."""
    cameras = [Watched("a", "rtsp://127.0.0.1:1/a", fast=True), Watched("b", "rtsp://127.0.0.1:1/b", fast=False)]
    site = load_site(write_site(tmp_path / "site", cameras))
    assert [camera.id for camera in site.cameras] == ["a", "b"]
    for camera, cadence_s in zip(site.cameras, (2, 10), strict=True):
        rules = make_rules(camera)
        assert not rules.unarmed
        assert rules.offline is not None
        assert [a.config.cadence_s for a in rules.armed if a.config is not None] == [cadence_s]
        assert sum(not a.is_fault for a in rules.armed) == 1


def test_a_camera_with_two_streams_is_written_with_both(tmp_path: Path) -> None:
    """The second one is its substream."""
    both = Watched("a", "rtsp://127.0.0.1:1/a", fast=True, sub_url="rtsp://127.0.0.1:1/b")
    [camera] = load_site(write_site(tmp_path / "site", [both])).cameras
    assert [(stream.role, stream.url) for stream in camera.streams] == [("main", both.url), ("sub", both.sub_url)]
