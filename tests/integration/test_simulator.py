"""The simulator against real clients: PyAV, OpenCV and ffprobe, over TCP and UDP, with and without passwords."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import av.error
import cv2
import pytest

from gateway.simulator.server import PathSpec, RtspServer
from tests.integration.simulator_rig import PASSWORD, TIMEOUT_S, USERNAME, Running, serving
from tests.unit.gateway.simulator.clips import Recording, encode

FRAMES_IN_CLIP = 25


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One second each of H.264 with B-frames, H.265, and H.264 that is hard to compress."""
    folder = tmp_path_factory.mktemp("clips")
    return {
        "h264": encode(folder / "h264.mp4", Recording(b_frames=2)),
        "hevc": encode(folder / "hevc.mkv", Recording(codec="libx265", b_frames=2)),
        "heavy": encode(folder / "heavy.mp4", Recording(size=(640, 360), noise=True, gop=5)),
    }


@pytest.fixture(scope="module")
def running(clips: dict[str, Path]) -> Iterator[Running]:
    """All kinds of paths on one server."""
    specs = [
        PathSpec("h264", clips["h264"]),
        PathSpec("street 7/hevc", clips["hevc"]),
        PathSpec("once", clips["h264"], loop=False),
        PathSpec("basic", clips["h264"], auth="basic", username=USERNAME, password=PASSWORD),
        PathSpec("digest/1", clips["h264"], auth="digest", username=USERNAME, password=PASSWORD),
    ]
    with serving(specs) as server:
        yield server


def watch(url: str, packets: int, transport: str = "tcp") -> tuple[list[int], int]:
    """Demux and decode; return all pts known, in order of arrival, and the number of pictures."""
    pts: list[int] = []
    pictures = 0
    with av.open(url, options={"rtsp_transport": transport}, timeout=(TIMEOUT_S, TIMEOUT_S)) as container:
        for number, packet in enumerate(container.demux(video=0), 1):
            pictures += len(packet.decode())
            if packet.pts is not None:  # ffmpeg's parser loses the very first
                pts.append(packet.pts)
            if number == packets:
                break
    return pts, pictures


def steps(pts: list[int]) -> set[int]:
    """The distances between pictures in the order of showing."""
    shown = sorted(pts)
    return {b - a for a, b in itertools.pairwise(shown)}


def test_unknown_path(running: Running) -> None:
    """404, at once."""
    with pytest.raises(av.error.HTTPNotFoundError):
        watch(f"rtsp://127.0.0.1:{running.server.port}/nothing", 1)


@pytest.mark.parametrize("path", ["basic", "digest/1"])
@pytest.mark.parametrize("password", ["wrong", ""])
def test_wrong_password(running: Running, path: str, password: str) -> None:
    """401, at once."""
    with pytest.raises(av.error.HTTPUnauthorizedError):
        watch(running.url(path, password), 1)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["h264", "street 7/hevc", "basic", "digest/1"])
def test_pyav_plays_over_the_seam(running: Running, path: str, transport: str) -> None:
    """More than two rounds of a clip of one second: pictures stay 40 ms apart, none is lost, all decode."""
    pts, pictures = watch(running.url(path), FRAMES_IN_CLIP * 2 + 12, transport)
    settled = sorted(pts)[3:-3]  # pictures before the first and after the last packet may be missing by reordering
    assert steps(settled) == {3600}
    assert len(set(pts)) == len(pts)
    assert pictures >= FRAMES_IN_CLIP * 2


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["h264", "street 7/hevc", "digest/1"])
def test_opencv_plays(running: Running, path: str, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of the right size whose bright column moves."""
    monkeypatch.setitem(os.environ, "OPENCV_FFMPEG_CAPTURE_OPTIONS", f"rtsp_transport;{transport}")
    capture = cv2.VideoCapture(running.url(path), cv2.CAP_FFMPEG)
    try:
        assert capture.isOpened()
        columns = []
        for _ in range(12):
            got, picture = capture.read()
            assert got
            assert picture.shape == (90, 160, 3)
            columns.append(int(picture.mean(axis=(0, 2)).argmax()))
        assert len(set(columns)) > 6
    finally:
        capture.release()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(("path", "codec"), [("basic", "h264"), ("street 7/hevc", "hevc")])
def test_ffprobe_reads(running: Running, ffprobe: str, path: str, codec: str, transport: str) -> None:
    """Codec and size are known, nothing is complained about."""
    command = [ffprobe, "-v", "error", "-rtsp_transport", transport, "-show_entries", "stream=codec_name,width,height"]
    done = subprocess.run(
        [*command, "-of", "csv=p=0", running.url(path)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S * 2,
        check=True,
    )
    assert done.stdout.strip() == f"{codec},160,90"
    assert done.stderr == ""


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_playing_once_ends_the_stream(running: Running, transport: str) -> None:
    """Every picture once, then the end, without an error; and again for the next viewer."""
    for _ in range(2):
        _, pictures = watch(running.url("once"), 1000, transport)
        assert pictures == FRAMES_IN_CLIP


def test_two_viewers_see_the_same_moment(clips: dict[str, Path]) -> None:
    """Both get pictures; the path's clock is one."""
    seen: list[int] = []
    with serving([PathSpec("cam", clips["h264"])]) as running:
        threads = [threading.Thread(target=lambda: seen.append(watch(running.url("cam"), 60)[1])) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT_S * 2)
        assert len(seen) == 2
        assert min(seen) >= 55
        assert running.server.counters.sessions == 2
        assert running.server.counters.dropped_gops == 0


def test_slow_reader_loses_whole_groups(clips: dict[str, Path]) -> None:
    """A client that stops reading loses groups of pictures, is not cut off, and what it then reads is in step."""
    specs = [PathSpec("cam", clips["heavy"])]
    with serving(specs, buffer_limit_bytes=200_000) as running, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.settimeout(TIMEOUT_S)
        client.connect(("127.0.0.1", running.server.port))
        start_playing(client, running.server.url("cam"))
        wait_for_drops(running.server, 3)
        units = read_units(client, 60)
    # All but the last group are whole: a keyframe is followed by its four dependents, whatever lay in between.
    starts = [i for i, is_key in enumerate(units) if is_key]
    assert {b - a for a, b in itertools.pairwise(starts)} == {5}


def start_playing(client: socket.socket, url: str) -> None:
    """SETUP and PLAY over TCP; reads no more than the answers and what came with them."""
    client.sendall(f"SETUP {url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast\r\n\r\n".encode())
    session = client.recv(2000).split(b"Session: ")[1].split(b";")[0].decode()
    client.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(1)


def wait_for_drops(server: RtspServer, count: int) -> None:
    """Wait until the server has left out so many groups."""
    waited = threading.Event()
    for _ in range(int(TIMEOUT_S / 0.05)):
        if server.counters.dropped_gops >= count:
            return
        waited.wait(0.05)
    pytest.fail("nothing was dropped")


def read_units(client: socket.socket, count: int) -> list[bool]:
    """Read access units from the interleaved stream; say of each whether it holds a parameter set, as keyframes do."""
    units: list[bool] = []
    is_key = False
    with client.makefile("rb") as stream:
        while len(units) < count:
            dollar, channel, *size = stream.read(4)
            packet = stream.read(size[0] << 8 | size[1])
            assert dollar == 0x24
            if channel == 0:
                is_key = is_key or packet[12] & 0x1F == 7
                if packet[1] & 0x80:
                    units.append(is_key)
                    is_key = False
    return units
