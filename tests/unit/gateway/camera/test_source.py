"""Tests of gateway.camera.source; our own receiver has its tests in rtsp/."""

from __future__ import annotations

import asyncio
import socket
import struct
import wave
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import pytest

from camera_configs.models import StreamConfig
from gateway.camera import h264
from gateway.camera.packets import PacketSource
from gateway.camera.source import FileSource, LibavSource, RawPacket, RtspSource, source_for
from gateway.errors import CameraError, CameraNotVideo, CameraUnreachable, StreamEnded
from gateway.simulator.server import PathSpec, RtspServer
from tests.unit.gateway.camera.rtsp.build import camera, peer
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


def read(source: PacketSource) -> list[RawPacket]:
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
    assert all(r.size == len(r.payload.data()) for r in got)
    assert (source.eager, source.wall_clock, source.lost_packets) == (True, None, 0)


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
        LibavSource("cam", stream, "p:ss w0rd/").open()
    assert asked == ["rtsp://ad%40min:p%3Ass%20w0rd%2F@192.0.2.7:8554/x?a=1"]
    assert caught.value.state == "auth_failed"
    assert "w0rd" not in f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


def test_the_driver_reads_what_it_is_asked_to() -> None:
    """A camera that our own receiver does not get on with: same packets, by the other way."""
    stream = StreamConfig(url="rtsp://192.0.2.7/x", reader="ffmpeg")
    source = RtspSource("cam", stream)
    assert source.eager
    source.eager = False
    assert not source.eager
    assert (source.wall_clock, source.lost_packets) == (None, 0)
    source.close()


@pytest.mark.parametrize(
    ("behave", "state"),
    [
        (lambda c: (c.recv(4096), c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "not_video"),
        (lambda c: c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)), "reset"),
    ],
)
def test_the_drivers_unclear_failures_are_asked_after(behave: Callable[[socket.socket], object], state: str) -> None:
    """FFmpeg has one word for both."""
    with peer(behave, connections=2) as url:
        source = LibavSource("cam", StreamConfig(url=url, open_timeout_s=2.0, read_timeout_s=2.0))
        with pytest.raises(CameraError) as caught:
            source.open()
        source.close()
    assert caught.value.state == state


def test_a_camera_that_describes_well_and_plays_badly_is_corrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or silent, when it took all the time there was."""

    def fail(*_: object, **__: object) -> None:
        raise av.error.InvalidDataError(1, "bad", "x")

    monkeypatch.setattr(av, "open", fail)
    for now_s, state in ((0.0, "corrupt"), (9.0, "silent")):
        times = iter((0.0, now_s))
        with peer(camera(lambda _: None)) as url:
            source = LibavSource("cam", StreamConfig(url=url), clock_s=lambda: next(times))  # noqa: B023
            with pytest.raises(CameraError) as caught:
                source.open()
        assert caught.value.state == state


@pytest.mark.parametrize("reader", ["auto", "ffmpeg"])
async def test_either_reader_gives_the_same_packets(reader: str, tmp_path: Path) -> None:
    """From the same camera: payloads, keyframes, times from the first on."""
    clip = write_clip(tmp_path / "a.mp4", 1.2)
    server = RtspServer([PathSpec("cam", clip, loop=False)])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        stream = StreamConfig.model_validate({"url": server.url("cam"), "reader": reader, "read_timeout_s": 2.0})
        source = RtspSource("cam", stream)
        video = await asyncio.to_thread(source.open)
        got = await asyncio.to_thread(read_some, source, 25)
        task.cancel()
    assert (video.codec, video.width, video.height) == ("h264", 160, 96)
    first = got[0].pts or 0
    assert [(raw.pts or 0) - first for raw in got] == [3600 * i for i in range(25)]
    assert [raw.keyframe for raw in got] == [True] + [False] * 24
    with av.open(str(clip)) as container:
        slices = [h264.to_annex_b(list(units_of(bytes(p)))) for p in container.demux(video=0) if p.size]
    assert all(data in raw.payload.data() for raw, data in zip(got, slices, strict=False))


def read_some(source: PacketSource, count: int) -> list[RawPacket]:
    """So many packets, then close: all in the one thread that may."""
    got = list(islice(source.packets(), count))
    source.close()
    return got


def units_of(data: bytes) -> Iterator[bytes]:
    """The slices of an MP4 sample."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        unit = data[at + 4 : at + 4 + size]
        if unit[0] & 0x1F in {1, 5}:
            yield unit
        at += 4 + size


async def test_another_codec_goes_to_the_driver() -> None:
    """Our own receiver sees it in the description; the driver then opens a session of its own."""
    heard: list[dict[str, str]] = []
    sdp = "v=0\r\nm=video 0 RTP/AVP 26\r\na=control:t\r\n"
    with peer(camera(lambda c: c.close(), sdp=sdp, heard=heard), connections=3) as url:
        source = RtspSource("cam", StreamConfig(url=url, open_timeout_s=2.0, read_timeout_s=2.0))
        video = await asyncio.to_thread(source.open)
        source.close()
    assert video.codec == "mjpeg"
    assert [request[""] for request in heard if request[""] == "SETUP"] == ["SETUP"]
