"""Tests of gateway.camera.packets."""

from __future__ import annotations

from pathlib import Path

from camera_configs.models import StreamConfig
from gateway.camera.packets import PacketSource, StoredPayload
from gateway.camera.rtsp.receiver import RtspReceiver
from gateway.camera.source import FileSource, LibavSource, RtspSource


def test_stored_bytes_are_given_back_as_they_are() -> None:
    """The same object: nothing is copied."""
    data = b"unit"
    assert StoredPayload(data).data() is data


def test_all_sources_keep_the_contract(tmp_path: Path) -> None:
    """Type checking says the rest; a source that was never opened can be closed, and has no clock and no loss."""
    stream = StreamConfig(url="rtsp://192.0.2.7/x")
    sources: list[PacketSource] = [
        RtspSource("cam", stream),
        RtspReceiver("cam", stream),
        LibavSource("cam", stream),
        FileSource("cam", tmp_path / "a.mp4", realtime=False),
    ]
    for source in sources:
        source.close()
        source.eager = True
        assert (source.eager, source.wall_clock, source.lost_packets) == (True, None, 0)
