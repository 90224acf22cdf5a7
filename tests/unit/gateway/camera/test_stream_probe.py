"""What a stream is, learnt from its packets; a camera that sends nothing of use is named, not waited for."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from pydantic import SecretStr

from camera_configs.models import StreamConfig
from gateway.camera.packets import RawPacket, StoredPayload, WallClock
from gateway.camera.stream_probe import LONGEST_WATCH_S, READ_TIMEOUT_S, StreamProbe, probe_stream
from gateway.errors import CameraAuthError, CameraNotVideo, StreamCorrupt, StreamEnded, StreamStalled
from gateway.types import VideoFormat
from tests.unit.gateway.simulator.clips import Recording, encode

STREAM = StreamConfig(url="rtsp://camera.example/1", username="admin", password=SecretStr("secret"))


class Scripted:
    """A source that plays a recording round and round, on a clock that its packets move."""

    def __init__(self, file: Path | None = None, **wanted: object) -> None:
        self.eager = False
        self.closed = False
        self.now_s = 100.0
        self.wall_clock: WallClock | None = None
        self.lost_packets = 0
        self._file = file
        self._ends_after = wanted.get("ends_after")
        self._open_error = wanted.get("open_error")
        self._keyframes = wanted.get("keyframes", True)
        self._stamped = wanted.get("stamped", True)

    def open(self) -> VideoFormat:
        if isinstance(self._open_error, Exception):
            raise self._open_error
        with av.open(str(self._file)) as container:
            context = container.streams.video[0].codec_context
            return VideoFormat("h264", 0, 0, Fraction(1, 1000), bytes(context.extradata or b""), None)

    def packets(self) -> Iterator[RawPacket]:
        with av.open(str(self._file)) as container:
            units = [(bytes(p), p.is_keyframe) for p in container.demux(video=0) if p.size]
        for number, (data, keyframe) in enumerate(itertools.cycle(units)):
            if number == self._ends_after:
                raise StreamEnded("onboarding", "over")
            self.now_s += 0.1
            pts = number * 100 if self._stamped else None
            key = keyframe and bool(self._keyframes)
            yield RawPacket(StoredPayload(data), pts, pts, key, len(data), self.now_s)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a short recording with a keyframe now and then."""
    return encode(tmp_path_factory.mktemp("clips") / "a.mp4", Recording())


def probed(source: Scripted) -> StreamProbe:
    return probe_stream(STREAM, "secret", lambda *_: source, lambda: source.now_s)


def test_a_stream_is_measured(recording: Path) -> None:
    """Rate by its own stamps, keyframes, size by its picture, bit rate by whole groups; and a picture of it."""
    source = Scripted(recording)
    source.wall_clock = WallClock(time.time() - 3_600, 0, source.now_s)
    probe = probed(source)
    picture = cv2.imdecode(np.frombuffer(probe.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert (probe.codec, probe.width, probe.height) == ("h264", picture.shape[1], picture.shape[0])
    assert probe.fps == pytest.approx(10.0)
    assert probe.gop_s is not None
    assert probe.gop_s > 0
    assert probe.bitrate_kbps is not None
    assert probe.bitrate_kbps > 0
    assert probe.clock_offset_s == pytest.approx(-3_600, abs=10)
    assert source.eager
    assert source.closed


def test_a_stream_without_stamps_is_measured_by_arrival(recording: Path) -> None:
    """And one without sender reports says nothing of its clock."""
    probe = probed(Scripted(recording, stamped=False))
    assert probe.fps == pytest.approx(10.0)
    assert probe.clock_offset_s is None


def test_what_came_before_the_end_counts(recording: Path) -> None:
    """A stream that breaks off after its first picture has shown what it is."""
    probe = probed(Scripted(recording, ends_after=1))
    assert (probe.fps, probe.gop_s, probe.bitrate_kbps) == (None, None, None)
    assert probe.jpeg


def test_a_stream_that_ends_at_once_is_named(recording: Path) -> None:
    """By its own error, and closed."""
    source = Scripted(recording, ends_after=0)
    with pytest.raises(StreamEnded):
        probed(source)
    assert source.closed


def test_no_keyframe_in_time(recording: Path) -> None:
    """Packets alone are no picture; nobody waits for ever."""
    source = Scripted(recording, keyframes=False, ends_after=1_000)
    with pytest.raises(StreamCorrupt):
        probed(source)
    assert source.now_s - 100.0 < LONGEST_WATCH_S + 1


@pytest.mark.parametrize("error", [CameraAuthError("x"), CameraNotVideo("x"), StreamStalled("x")])
def test_errors_of_opening_pass_through(error: Exception) -> None:
    """They say what is wrong; the source is closed all the same."""
    source = Scripted(open_error=error)
    with pytest.raises(type(error)):
        probed(source)
    assert source.closed


def test_a_file_is_no_camera(recording: Path) -> None:
    """It would be read on this machine, for whoever asks."""
    with pytest.raises(CameraNotVideo):
        probe_stream(StreamConfig(url=f"file://{recording}"), None)


def test_waits_are_its_own(recording: Path) -> None:
    """Whatever the stream's configuration allows."""
    given: list[StreamConfig] = []
    source = Scripted(recording)

    def opener(_: str, stream: StreamConfig, password: str | None) -> Scripted:
        given.append(stream)
        assert password == "secret"
        return source

    patient = STREAM.model_copy(update={"read_timeout_s": 60.0, "open_timeout_s": 60.0})
    probe_stream(patient, "secret", opener, lambda: source.now_s)
    assert given[0].read_timeout_s == READ_TIMEOUT_S
    assert "secret" not in repr(given)
