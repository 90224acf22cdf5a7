"""Tests of gateway.camera.source; the RTSP side meets real sockets in tests/integration/test_camera_states.py."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import pytest

from camera_configs.models import StreamConfig
from gateway.camera.source import FileSource, RawPacket, RtspSource, source_for
from gateway.errors import CameraError, CameraNotVideo, CameraUnreachable, StreamEnded
from tests.unit.gateway.camera.scripts import write_clip


class Pacing:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    def clock_s(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def _write_sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as output:
        output.setparams((1, 2, 8000, 0, "NONE", ""))
        output.writeframes(bytes(16_000))
    return path


def read(source: FileSource) -> list[RawPacket]:
    """All packets up to the end, which must be reported as such."""
    got: list[RawPacket] = []
    with pytest.raises(StreamEnded):
        got.extend(source.packets())  # a list keeps what came before the error
    source.close()
    return got


def test_a_missing_file_is_unreachable(tmp_path: Path) -> None:
    """And can be closed all the same."""
    source = FileSource("cam", tmp_path / "no.mp4", realtime=False)
    with pytest.raises(CameraUnreachable, match=r"no\.mp4"):
        source.open()
    source.close()


def test_what_is_no_recording_is_not_video(tmp_path: Path) -> None:
    """Text, and a file with sound only."""
    (tmp_path / "a.mp4").write_text("no video at all")
    for path in (tmp_path / "a.mp4", _write_sound(tmp_path / "sound.wav")):
        source = FileSource("cam", path, realtime=False)
        with pytest.raises(CameraNotVideo):
            source.open()
        source.close()


def test_reading_before_opening_is_a_mistake(tmp_path: Path) -> None:
    """Not a camera's failure."""
    with pytest.raises(RuntimeError):
        next(FileSource("cam", tmp_path / "a.mp4", realtime=False).packets())


def test_an_unpaced_recording_arrives_in_media_time(tmp_path: Path) -> None:
    """75 pictures, 3 keyframes, arrival by their own clock, and the end is an error like any other."""
    source = FileSource("cam", write_clip(tmp_path / "a.mp4"), realtime=False)
    video = source.open()
    got = read(source)
    assert (video.codec, video.width, video.height, video.fps) == ("h264", 160, 96, 25.0)
    assert len(got) == 75
    assert [round(r.arrival_s) for r in got if r.keyframe] == [0, 1, 2]
    assert all(r.size == len(bytes(r.native)) for r in got)


def test_a_paced_recording_waits_for_each_picture(tmp_path: Path) -> None:
    """Three seconds of video take three seconds, in steps of a frame."""
    pacing = Pacing()
    path = write_clip(tmp_path / "a.mp4")
    source = FileSource("cam", path, realtime=True, clock_s=pacing.clock_s, sleep=pacing.sleep)
    source.open()
    arrivals = [raw.arrival_s for raw in read(source)]
    assert arrivals[-1] - arrivals[0] == pytest.approx(74 / 25, abs=0.01)
    assert max(pacing.slept) <= 0.041


def test_the_address_decides_the_source(tmp_path: Path) -> None:
    """A file plays like a camera, also one with a space in its name."""
    write_clip(tmp_path / "a b.mp4", 0.2)
    source = source_for("cam", StreamConfig(url=f"file://{tmp_path}/a%20b.mp4"), None)
    assert isinstance(source, FileSource)
    assert source.open().codec == "h264"
    source.close()
    assert isinstance(source_for("cam", StreamConfig(url="rtsp://192.0.2.7/x"), None), RtspSource)


def test_credentials_reach_the_driver_encoded_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the driver is given, and what is left of it in the error, its text and its cause."""
    asked: list[str] = []

    def refuse(url: str, **_: object) -> None:
        asked.append(url)
        raise av.error.HTTPUnauthorizedError(1, "refused", url)

    monkeypatch.setattr(av, "open", refuse)
    stream = StreamConfig(url="rtsp://192.0.2.7:8554/x?a=1", username="ad@min")
    with pytest.raises(CameraError) as caught:
        RtspSource("cam", stream, "p:ss w0rd/").open()
    assert asked == ["rtsp://ad%40min:p%3Ass%20w0rd%2F@192.0.2.7:8554/x?a=1"]
    assert caught.value.state == "auth_failed"
    assert "w0rd" not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    assert caught.value.__suppress_context__
