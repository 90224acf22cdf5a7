"""Tests of gateway.camera.rtsp.peer; how it names trouble stands in test_session."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from gateway.camera.rtsp.peer import Peer, address_of
from gateway.errors import CameraNotVideo, CameraReset, CameraSilent
from tests.unit.gateway.camera.rtsp.build import peer


def test_a_peer_without_tls_is_told_so() -> None:
    """It answers the greeting with something else."""

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"RTSP/1.0 400 Bad Request\r\n\r\n" * 20)

    with peer(behave) as url, pytest.raises(CameraNotVideo, match="TLS"):
        Peer("cam", urlsplit(url.replace("rtsp:", "rtsps:")), time.monotonic() + 3)


def test_a_greeting_without_answer_is_silence_and_a_closed_one_a_reset() -> None:
    """As without TLS."""
    done = threading.Event()
    with peer(lambda _: done.wait(10)) as url:
        with pytest.raises(CameraSilent):
            Peer("cam", urlsplit(url.replace("rtsp:", "rtsps:")), time.monotonic() + 0.05)
        done.set()
    with peer(lambda c: c.shutdown(socket.SHUT_RDWR)) as url, pytest.raises((CameraReset, CameraNotVideo)):
        Peer("cam", urlsplit(url.replace("rtsp:", "rtsps:")), time.monotonic() + 3)


def test_a_dead_line_is_noticed_by_the_kernel() -> None:
    """Where nobody waits for packets, its probes do."""
    with peer(lambda c: c.recv(1)) as url:
        connection = Peer("cam", urlsplit(url), time.monotonic() + 3)
        assert connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.host == "127.0.0.1"
        connection.close()


def test_ports_have_their_defaults() -> None:
    """554 for RTSP, 322 with TLS."""
    assert address_of(urlsplit("rtsp://cam.example/x")) == ("cam.example", 554)
    assert address_of(urlsplit("rtsps://cam.example/x")) == ("cam.example", 322)
    assert address_of(urlsplit("rtsp://cam.example:8554/x")) == ("cam.example", 8554)
