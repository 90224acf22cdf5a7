"""Tests of gateway.camera.rtsp.receiver: against scripted peers, and against the simulator as a real one."""

from __future__ import annotations

import asyncio
import io
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camera_configs.models import StreamConfig
from gateway.camera.packets import RawPacket
from gateway.camera.rtsp import receiver as module
from gateway.camera.rtsp.receiver import OtherEncoding, RtspReceiver
from gateway.errors import (
    CameraAuthError,
    CameraReset,
    CameraSilent,
    StreamCorrupt,
    StreamEnded,
    StreamFormatChanged,
    StreamStalled,
)
from gateway.simulator.server import PathSpec, RtspServer
from gateway.types import VideoFormat
from tests.unit.gateway.camera.rtsp.build import IDR, VIDEO_SDP, camera, frame, peer, picture, requests, response, rtp
from tests.unit.gateway.camera.scripts import write_clip

BYE = frame(b"\x81\xcb\x00\x01" + bytes(4), 1)


def stream(url: str, **more: Any) -> StreamConfig:
    """With short timeouts."""
    return StreamConfig.model_validate({"url": url, "open_timeout_s": 3.0, "read_timeout_s": 2.0, **more})


def received(url: str, **more: Any) -> tuple[VideoFormat, list[RawPacket]]:
    """All packets until the end, which must be told."""
    source = RtspReceiver("cam", stream(url, **more))
    with closing(source):
        video = source.open()
        got: list[RawPacket] = []
        with pytest.raises(StreamEnded):
            got.extend(source.packets())
    return video, got


def failure(url: str, kind: type[Exception], **more: Any) -> Exception:
    """The error with which a session ends, in opening or in reading."""
    source = RtspReceiver("cam", stream(url, **more))

    def play() -> None:
        source.open()
        for _ in source.packets():
            pass

    with closing(source), pytest.raises(kind) as caught:
        play()
    return caught.value


def test_a_camera_that_plays_nothing_is_silent() -> None:
    """After the open timeout; not for ever."""
    done = threading.Event()
    with peer(camera(lambda _: done.wait(10))) as url:
        error = failure(url, CameraSilent, open_timeout_s=1.1)
        done.set()
    assert "sends no picture" in str(error)


def test_a_camera_that_closes_before_the_first_picture_resets() -> None:
    """It is tried again like one that resets at once."""
    with peer(camera(lambda c: c.shutdown(socket.SHUT_RDWR))) as url:
        failure(url, CameraReset)


def test_a_stream_that_stops_is_stalled() -> None:
    """The connection stays open, and reports keep coming: half-open, or an encoder that hangs."""
    done = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.sendall(picture([IDR], 1, 0))
        while not done.wait(0.05):
            connection.sendall(frame(b"\x80\xc9\x00\x01" + bytes(4), 1))

    with peer(camera(play)) as url:
        error = failure(url, StreamStalled, read_timeout_s=1.1)
        done.set()
    assert "read timeout" in str(error)


@pytest.mark.parametrize(
    "ending",
    [
        BYE,
        b"TEARDOWN rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\n\r\n",
        b"ANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 9\r\nx-notice: 2101 End-of-Stream Reached\r\n\r\n",
        b"RTSP/1.0 454 Session Not Found\r\nCSeq: 99\r\n\r\n",
    ],
)
def test_each_way_to_say_goodbye_ends_the_stream(ending: bytes) -> None:
    """What came before is given out first."""
    done = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.sendall(picture([IDR], 1, 0) + picture([IDR], 2, 3600) + ending)
        done.wait(5)

    with peer(camera(play)) as url:
        _, got = received(url)
        done.set()
    assert [packet.pts for packet in got] == [0, 3600]


def test_a_connection_that_is_cut_ends_the_stream() -> None:
    """With a reset, as a switch that restarts would."""

    def play(connection: socket.socket) -> None:
        connection.sendall(picture([IDR], 1, 0))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.2)
        connection.close()

    with peer(camera(play)) as url:
        assert len(received(url)[1]) == 1


def test_endless_garbage_is_corrupt() -> None:
    """It is not searched for ever."""

    def play(connection: socket.socket) -> None:
        connection.sendall(picture([IDR], 1, 0))
        connection.sendall(bytes(3 << 20))

    with peer(camera(play)) as url:
        failure(url, StreamCorrupt)


def test_pictures_of_another_size_are_noticed(tmp_path: Path) -> None:
    """The camera was set to another resolution: the session must be opened anew. Without change it goes on."""
    small, large = (keyframe(tmp_path, size) for size in ((160, 96), (320, 192)))

    def play(connection: socket.socket) -> None:
        units = [small, small, [small[0], small[2]], large]
        connection.sendall(b"".join(picture(nals, 10 * i, 3600 * i) for i, nals in enumerate(units)))
        connection.recv(4096)

    with peer(camera(play)) as url:
        source = RtspReceiver("cam", stream(url))
        with closing(source):
            video = source.open()
            got: list[RawPacket] = []
            with pytest.raises(StreamFormatChanged, match="320 x 192"):
                got.extend(source.packets())
    assert (video.width, video.height) == (160, 96)
    assert len(got) == 3


def keyframe(folder: Path, size: tuple[int, int]) -> list[bytes]:
    """SPS, PPS and first slices of a real encoding."""
    with av.open(str(write_clip(folder / f"{size[0]}.h264", 0.1, size=size))) as container:
        data = bytes(next(iter(container.demux(video=0))))
    nals = [n.rstrip(b"\x00") for n in data.split(b"\x00\x00\x01") if n.strip(b"\x00")]
    return [n for n in nals if n[0] & 0x1F in {7, 8, 5}]


def test_the_stream_knows_better_than_its_description(tmp_path: Path) -> None:
    """No parameter sets described: size and sets are those of the first keyframe, though the stream ends with it."""
    nals = keyframe(tmp_path, (160, 96))
    with peer(camera(lambda c: c.sendall(picture(nals, 1, 0) + BYE))) as url:
        video, got = received(url)
    assert len(got) == 1
    assert (video.codec, video.width, video.height) == ("h264", 160, 96)
    assert video.extradata.startswith(b"\x00\x00\x00\x01\x67")


def test_a_stream_without_keyframe_at_first_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its format is what the description says: here, nothing."""
    monkeypatch.setattr(module, "FORMAT_WAIT_S", 0.1)

    def play(connection: socket.socket) -> None:
        connection.sendall(picture([b"\x41\x9aslice"], 1, 0))
        connection.recv(4096)

    with peer(camera(play)) as url:
        source = RtspReceiver("cam", stream(url))
        with closing(source):
            video = source.open()
            first = next(source.packets())
    assert (video.width, video.height, video.extradata) == (0, 0, b"")
    assert not first.keyframe


def test_parameter_sets_sent_for_themselves_go_with_the_picture() -> None:
    """A camera that gives each of them a marker: no unit is without a picture."""

    def play(connection: socket.socket) -> None:
        nals = (b"\x67abc", b"\x68abc", IDR)
        connection.sendall(b"".join(rtp(nal, n, 0, marker=True) for n, nal in enumerate(nals)))
        connection.sendall(picture([b"\x41\x9as"], 3, 3600) + BYE)
        connection.recv(4096)

    with peer(camera(play)) as url:
        source = RtspReceiver("cam", stream(url))
        with closing(source):
            source.open()
            got = list(islice(source.packets(), 2))
    assert [packet.keyframe for packet in got] == [True, False]
    assert got[0].payload.data() == b"\x00\x00\x00\x01\x67abc\x00\x00\x00\x01\x68abc\x00\x00\x00\x01" + IDR


def test_another_codec_is_left_to_others() -> None:
    """And nothing is set up for it."""
    heard: list[dict[str, str]] = []
    sdp = "v=0\r\nm=video 0 RTP/AVP 26\r\na=control:t\r\n"
    with peer(camera(lambda _: None, sdp=sdp, heard=heard)) as url:
        source = RtspReceiver("cam", stream(url))
        with closing(source), pytest.raises(OtherEncoding) as caught:
            source.open()
    assert caught.value.encoding == "JPEG"
    assert [request[""] for request in heard] == ["OPTIONS", "DESCRIBE"]


def test_the_session_is_kept_and_reported_and_torn_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep-alives without waiting for their answers; on a 401 with a fresh nonce again at once."""
    monkeypatch.setattr(module, "REPORT_EVERY_S", 0.2)
    seen: list[bytes] = []
    done = threading.Event()

    def behave(connection: socket.socket) -> None:
        for request in requests(connection):
            seen.append(f"{request['']} {request.get('authorization', '')}".encode())
            asked = request.get("authorization", "")
            if request[""] == "OPTIONS":
                connection.sendall(response(request, Public="GET_PARAMETER"))
            elif request[""] == "GET_PARAMETER" and 'nonce="2"' not in asked:
                connection.sendall(response(request, "401 no", WWW_Authenticate='Digest realm="r", nonce="2"'))
            elif 'nonce="1"' not in asked and request[""] == "DESCRIBE":
                connection.sendall(response(request, "401 no", WWW_Authenticate='Digest realm="r", nonce="1"'))
            elif request[""] == "DESCRIBE":
                connection.sendall(response(request, body=VIDEO_SDP))
            elif request[""] == "PLAY":
                connection.sendall(response(request, Session="5") + picture([IDR], 1, 0))
            elif request[""] == "TEARDOWN":
                done.set()
                return
            else:
                connection.sendall(response(request, Session="5;timeout=1"))
                if request[""] == "GET_PARAMETER":
                    connection.sendall(picture([IDR], 2, 3600))

    monkeypatch.setattr("gateway.camera.rtsp.session._SHORTEST_TIMEOUT_S", 0)
    with peer(behave) as url:
        source = RtspReceiver("cam", stream(url, username="u"), "pa55")
        with closing(source):
            source.open()
            assert [packet.pts for packet in islice(source.packets(), 2)] == [0, 3600]
        assert done.wait(5)
    assert [line.split()[0] for line in seen][-3:] == [b"GET_PARAMETER", b"GET_PARAMETER", b"TEARDOWN"]
    assert b'nonce="2"' in seen[-1]
    assert b"pa55" not in b"".join(seen)


@asynccontextmanager
async def serving(*paths: PathSpec) -> AsyncIterator[RtspServer]:
    """Run the simulator while entered."""
    server = RtspServer(paths)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        try:
            yield server
        finally:
            task.cancel()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A second of each kind."""
    folder = tmp_path_factory.mktemp("clips")
    return {
        "h264": write_clip(folder / "a.mp4", 1.2, size=(640, 360)),
        "b-frames": write_clip(folder / "b.mp4", 1.2, b_frames=2),
        "hevc": write_clip(folder / "c.mp4", 1.2, codec="libx265"),
    }


def decoded(codec: str, data: bytes) -> list[np.ndarray[Any, Any]]:
    """The pictures of an Annex B stream."""
    with av.open(io.BytesIO(data), "r", format=codec) as container:
        return [picture.to_ndarray(format="gray8") for picture in container.decode(video=0)]


def pictures_of(clip: Path) -> list[np.ndarray[Any, Any]]:
    """The pictures of a file."""
    with av.open(str(clip)) as container:
        return [picture.to_ndarray(format="gray8") for picture in container.decode(video=0)]


async def test_what_is_received_shows_what_was_served(clips: dict[str, Path]) -> None:
    """Both codecs, with and without B-frames, on either transport: each picture, in order, to the last bit."""
    cases = [(kind, transport) for kind in clips for transport in ("tcp", "udp")]
    specs = [PathSpec("-".join(case), clips[case[0]], loop=False) for case in cases]
    async with serving(*specs) as server:
        sessions = [
            asyncio.to_thread(received, server.url(spec.path), transport=case[1])
            for spec, case in zip(specs, cases, strict=True)
        ]
        results = await asyncio.gather(*sessions)
    for (kind, _), (video, got) in zip(cases, results, strict=True):
        check_pictures(video, got, pictures_of(clips[kind]))
        check_times(got)


def check_pictures(video: VideoFormat, got: list[RawPacket], expected: list[np.ndarray[Any, Any]]) -> None:
    """The packets show these pictures, and the format is theirs."""
    shown = decoded(video.codec, b"".join(packet.payload.data() for packet in got))
    assert len(shown) == len(expected) == len(got)
    assert all(np.array_equal(a, b) for a, b in zip(shown, expected, strict=True))
    assert (video.width, video.height, video.fps) == (expected[0].shape[1], expected[0].shape[0], 25.0)


def check_times(got: list[RawPacket]) -> None:
    """Each 40 ms a picture, each second a keyframe, decoded in order and before it is shown."""
    pts, dts = [packet.pts or 0 for packet in got], [packet.dts or 0 for packet in got]
    assert {b - a for a, b in pairwise(sorted(pts))} == {3600}
    assert all(b > a for a, b in pairwise(dts))
    assert all(shown >= due for shown, due in zip(pts, dts, strict=True))
    assert [i for i, packet in enumerate(got) if packet.keyframe][:2] == [0, 25]


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_credentials_open_the_stream_and_wrong_ones_do_not(auth: Any, clips: dict[str, Path]) -> None:
    """And stand in no error."""
    spec = PathSpec("cam", clips["h264"], auth=auth, username="ad min", password="p:ss/w0rd@")
    async with serving(spec) as server:
        config = stream(server.url("cam"), username="ad min")
        good, bad = RtspReceiver("cam", config, "p:ss/w0rd@"), RtspReceiver("cam", config, "wr0ng@")
        with closing(good), closing(bad):
            assert (await asyncio.to_thread(good.open)).width == 640
            with pytest.raises(CameraAuthError, match="refused") as caught:
                await asyncio.to_thread(bad.open)
    assert "wr0ng" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r} {bad!r}"


async def test_times_go_on_over_the_seam_of_a_loop(clips: dict[str, Path]) -> None:
    """Two rounds of a clip, and the clock of the camera beside it."""
    async with serving(PathSpec("cam", clips["h264"])) as server:
        source = RtspReceiver("cam", stream(server.url("cam")))
        source.eager = True
        with closing(source):
            await asyncio.to_thread(source.open)
            packets = await asyncio.to_thread(lambda: list(islice(source.packets(), 62)))
            clock = source.wall_clock
            assert source.lost_packets == 0
    shown = [packet.pts or 0 for packet in packets]
    assert {b - a for a, b in pairwise(sorted(shown))} == {3600}
    assert clock is not None
    assert abs(clock.pts - shown[0]) < 90_000 * 10
    assert abs(clock.utc_s - time.time()) < 60
