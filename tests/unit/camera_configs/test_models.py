"""What the types refuse by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from camera_configs.loader import load_site
from camera_configs.models import CameraConfig, SnapshotConfig, StreamConfig
from tests.unit.camera_configs.folders import EXAMPLE_SITE


@pytest.fixture
def camera() -> CameraConfig:
    return load_site(EXAMPLE_SITE).camera("east-street-3")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "http://10.0.0.1/x"}, "must start with rtsp"),
        ({"url": "rtsp:///x"}, "has no host"),
        ({"url": "rtsp://user@10.0.0.1/x"}, "must not contain a user name"),
        ({"url": "rtsp://10.0.0.1/x", "password": "a", "password_env": "B"}, "not several"),
        ({"url": "rtsp://10.0.0.1/x", "read_timeout_s": 0}, "greater than 1"),
    ],
)
def test_a_stream_that_cannot_be_meant_is_refused(fields: dict[str, Any], message: str) -> None:
    """Other schemes, hosts left out, credentials in the address, two secrets, no timeout."""
    with pytest.raises(ValidationError, match=message):
        StreamConfig.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"url": "rtsp://10.0.0.1/x"}, "must start with http"),
        ({"url": "http:///snap.jpg"}, "has no host"),
        ({"url": "http://user:pw@10.0.0.1/x"}, "must not contain a user name"),
        ({"url": "http://10.0.0.1/x", "password": "a", "password_env": "B"}, "not several"),
        ({"url": "http://10.0.0.1/x", "timeout_s": 0}, "greater than 0.5"),
        ({"url": "http://10.0.0.1/x", "every_s": 5}, "Extra inputs"),
    ],
)
def test_a_snapshot_that_cannot_be_meant_is_refused(fields: dict[str, Any], message: str) -> None:
    """As for streams; how often it is asked for follows from the rules."""
    with pytest.raises(ValidationError, match=message):
        SnapshotConfig.model_validate(fields)


def test_the_secret_of_a_snapshot_does_not_show(camera: CameraConfig) -> None:
    """Neither in the text of a camera nor in its export; without one there is none."""
    assert camera.snapshot is None
    snapshot = {"url": "https://10.0.0.1/x?channel=1", "username": "viewer", "password": "hunter2"}
    full = CameraConfig.model_validate(camera.model_dump() | {"snapshot": snapshot})
    assert "hunter2" not in f"{full!r} {full.model_dump_json()}"
    assert full.snapshot is not None
    assert full.snapshot.timeout_s == 5.0


def test_a_secret_does_not_show(camera: CameraConfig) -> None:
    """Neither in the text of a stream nor in its export."""
    stream = StreamConfig.model_validate({"url": "rtsp://10.0.0.1/x", "password": "hunter2"})
    assert "hunter2" not in f"{stream!r} {stream.model_dump_json()}"


@pytest.mark.parametrize("roles", [("sub",), ("main", "main")])
def test_a_camera_has_one_main_stream(camera: CameraConfig, roles: tuple[str, ...]) -> None:
    """Evidence is cut from the main stream: there is exactly one."""
    streams = [{"url": "rtsp://10.0.0.1/x", "role": role} for role in roles]
    with pytest.raises(ValidationError, match="exactly one must have role main"):
        CameraConfig.model_validate(camera.model_dump() | {"streams": streams})


def test_a_substream_that_is_not_there_cannot_be_asked_for(camera: CameraConfig) -> None:
    """Without a wish the gateway chooses; the main stream can always be asked for."""
    assert camera.analyse == "auto"
    with pytest.raises(ValidationError, match="analyse: this camera has no stream with role sub"):
        CameraConfig.model_validate(camera.model_dump() | {"analyse": "sub"})
    assert CameraConfig.model_validate(camera.model_dump() | {"analyse": "main"}).analyse == "main"
    streams = [{"url": "rtsp://10.0.0.1/x"}, {"url": "rtsp://10.0.0.1/y", "role": "sub"}]
    both = CameraConfig.model_validate(camera.model_dump() | {"analyse": "sub", "streams": streams})
    assert both.analyse == "sub"


def test_ids_inside_a_camera_are_unique(camera: CameraConfig) -> None:
    """Two rules of one id could not be told apart in an event."""
    rules = [rule.model_dump() for rule in (*camera.rules, camera.rules[0])]
    with pytest.raises(ValidationError, match="id used more than once: fire-lane"):
        CameraConfig.model_validate(camera.model_dump() | {"rules": rules})


def test_parts_are_found_by_name(camera: CameraConfig) -> None:
    """Zones, streams and masks by id, role and kind; what is not there is a KeyError or None."""
    assert camera.zone("fire-lane").name == "消防车通道"
    assert camera.stream("main") is camera.streams[0]
    assert camera.stream("sub") is None
    assert [zone.id for zone in camera.privacy_masks] == ["windows"]
    with pytest.raises(KeyError):
        camera.zone("roof")


def test_unknown_cameras_and_grids_are_key_errors() -> None:
    """A site never invents what it does not hold."""
    site = load_site(EXAMPLE_SITE)
    assert site.grid("qingxi-river").kind == "dedicated"
    with pytest.raises(KeyError):
        site.grid("nowhere")
    with pytest.raises(KeyError):
        site.camera("nowhere")
