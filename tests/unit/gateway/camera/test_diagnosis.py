"""Tests of gateway.camera.diagnosis, against peers on real sockets that answer as they are told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from gateway.camera import diagnosis
from gateway.camera.diagnosis import address_of, diagnose
from gateway.errors import CameraError

VIDEO = b"v=0\r\nm=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n"
SOUND = b"v=0\r\nm=audio 0 RTP/AVP 0\r\n"


@contextmanager
def peer(behave: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server for one connection; gives its RTSP address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/live?ch=1"
        finally:
            thread.join()


def answering(answer: bytes) -> Callable[[socket.socket], object]:
    """Read the question, give an answer."""

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return behave


def described(sdp: bytes, status: bytes = b"200 OK") -> bytes:
    """An RTSP answer."""
    return b"RTSP/1.0 %b\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n%b" % (status, len(sdp), sdp)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("behave", "state", "word"),
    [
        (reset, "reset", "closes"),
        (lambda c: c.recv(4096), "reset", "closes"),
        (answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "not_video", "web server"),
        (answering(b"SSH-2.0-OpenSSH_9.2\r\n"), "not_video", "not RTSP"),
        (answering(described(SOUND)), "not_video", "no video track"),
        (answering(described(b"", b"404 Not Found")), "not_video", "404"),
        (answering(described(b"", b"403 Forbidden")), "auth_failed", "403"),
        (answering(described(b"", b"453 Not Enough Bandwidth")), "waiting", "453"),
        (answering(described(b"", b"500 Internal Server Error")), "offline", "500"),
    ],
)
def test_each_trouble_has_its_own_name(behave: Callable[[socket.socket], object], state: str, word: str) -> None:
    """What the peer does, and what the camera page will say."""
    with peer(behave) as url:
        error = diagnose("cam", urlsplit(url))
    assert isinstance(error, CameraError)
    assert error.state == state
    assert word in error.detail
    assert error.detail.startswith("127.0.0.1:")


@pytest.mark.parametrize("answer", [described(VIDEO), described(b"", b"401 Unauthorized")])
def test_a_camera_that_describes_video_or_asks_for_credentials_is_no_trouble(answer: bytes) -> None:
    """Then the driver's own failure has to explain itself."""
    with peer(answering(answer)) as url:
        assert diagnose("cam", urlsplit(url)) is None


def test_a_peer_that_says_nothing_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the answer timeout, which is short here."""
    monkeypatch.setattr(diagnosis, "ANSWER_TIMEOUT_S", 0.05)
    done = threading.Event()
    with peer(lambda _: done.wait(10)) as url:
        error = diagnose("cam", urlsplit(url))
        done.set()
    assert error is not None
    assert error.state == "silent"


def test_an_answer_cut_short_is_judged_by_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that announces more than it sends does not hold us up for ever."""
    monkeypatch.setattr(diagnosis, "ANSWER_TIMEOUT_S", 0.05)
    done = threading.Event()

    def stammer(connection: socket.socket) -> None:
        connection.sendall(b"RTSP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n" + VIDEO)
        done.wait(10)

    with peer(stammer) as url:
        assert diagnose("cam", urlsplit(url)) is None
        done.set()


def test_a_closed_port_and_an_unknown_name_are_unreachable() -> None:
    """The system's own words say which."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for url in (f"rtsp://127.0.0.1:{port}/x", "rtsp://no-such-host.invalid/x"):
        error = diagnose("cam", urlsplit(url))
        assert error is not None
        assert error.state == "unreachable"


def test_what_happens_inside_tls_is_not_asked_after() -> None:
    """Only the connection is tried."""
    with peer(lambda c: c.recv(1)) as url:
        assert diagnose("cam", urlsplit(url.replace("rtsp:", "rtsps:"))) is None


def test_ports_have_their_defaults() -> None:
    """554 for RTSP, 322 with TLS."""
    assert address_of(urlsplit("rtsp://cam.example/x")) == ("cam.example", 554)
    assert address_of(urlsplit("rtsps://cam.example/x")) == ("cam.example", 322)
    assert address_of(urlsplit("rtsp://cam.example:8554/x")) == ("cam.example", 8554)
