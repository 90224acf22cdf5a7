"""Looks are counted against what was due, on the cameras where they can be counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scripts.benches import cameras_per_core
from scripts.benches.cameras_per_core import Looks, count_looks, shows_of, site_of
from scripts.benches.streams import Recording
from scripts.benches.watching import Watched
from storage.records import CameraState, CameraStateName

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FAST, SLOW = Watched("cam-0", "rtsp://x/0", fast=True), Watched("cam-1", "rtsp://x/1", fast=False)


def state(at_s: float, looks: int, refused: int = 0) -> CameraState:
    at = BEGAN + timedelta(seconds=at_s)
    return CameraState(
        "cam", CameraStateName.ONLINE, since=BEGAN, updated_at=at, looks=looks, refused_looks=refused
    )  # fmt: skip


def counted(camera: Watched, before: CameraState, after: CameraState, gop_s: float = 2.0) -> Looks:
    return count_looks([camera], {camera.id: before}, {camera.id: after}, gop_s)


@pytest.mark.parametrize(("camera", "due"), [(FAST, 30), (SLOW, 6)])
def test_missing_looks_are_missed(camera: Watched, due: int) -> None:
    """A minute: a look at every keyframe, or one in ten seconds; one of them was not done."""
    looks = counted(camera, state(5, 10), state(65, 10 + due - 1))
    assert (looks.done, looks.due) == (due - 1, due)
    assert looks.share < 1


def test_refused_looks_are_told() -> None:
    """As the worker counted them."""
    assert counted(FAST, state(0, 0, refused=1), state(60, 28, refused=3)).refused == 2


def test_a_look_too_many_does_not_make_up_for_one_too_few() -> None:
    """Each camera counts by itself."""
    both = count_looks(
        [FAST, SLOW],
        {FAST.id: state(0, 0), SLOW.id: state(0, 0)},
        {FAST.id: state(60, 29), SLOW.id: state(60, 7)},
        2.0,
    )
    assert (both.done, both.due) == (35, 36)


def test_a_camera_that_was_analysed_closely_is_left_out() -> None:
    """Its frames cannot be told from looks."""
    looks = counted(SLOW, state(0, 0), state(60, 70))
    assert (looks.done, looks.due, looks.active) == (0, 0, 1)
    assert looks.share == 0


def test_looks_cannot_be_due_more_often_than_keyframes_come() -> None:
    """A group of pictures of 4 s: fifteen a minute."""
    assert counted(FAST, state(0, 0), state(60, 15), gop_s=4.0).due == 15


def test_one_camera_in_five_is_fast_unless_all_are() -> None:
    """Dealt out evenly."""
    urls = {f"cam-{i}": f"rtsp://x/{i}" for i in range(10)}
    assert [camera.fast for camera in site_of(urls, "main")] == [True, *[False] * 4] * 2
    assert all(camera.fast for camera in site_of(urls, "fast"))


def test_substreams_belong_to_their_cameras() -> None:
    """They are no cameras of their own, and each camera knows its own."""
    urls = {path: f"rtsp://x/{path}" for path in ("cam-0", "cam-1", "cam-0-sub", "cam-1-sub")}
    cameras = site_of(urls, "mainsub")
    assert [(camera.id, camera.sub_url) for camera in cameras] == [
        ("cam-0", "rtsp://x/cam-0-sub"),
        ("cam-1", "rtsp://x/cam-1-sub"),
    ]
    assert [camera.sub_url for camera in site_of({"cam-0": "rtsp://x/0"}, "main")] == [""]


def test_both_streams_of_a_camera_show_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """In `mainsub` alone each camera has a second path, of the smaller recording."""
    monkeypatch.setattr(cameras_per_core, "recording_of", lambda kind: Path(f"/{kind.name}.mp4"))
    recording = Recording(Path("/m.mp4"), "h264", 1920, 1080, 25.0, 190.0, 2e6, 2.0, 7e4, 16.0)
    assert len(shows_of(recording, 3, "main")) == 3
    shows = shows_of(recording, 3, "mainsub")
    assert [show.file for show in shows] == ["/m.mp4"] * 3 + ["/sub.mp4"] * 3
    for main, sub in zip(shows[:3], shows[3:], strict=True):
        assert (sub.path, sub.start_s) == (f"{main.path}-sub", main.start_s)
