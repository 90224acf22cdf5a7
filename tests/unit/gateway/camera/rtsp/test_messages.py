"""Tests of gateway.camera.rtsp.messages."""

from __future__ import annotations

import pytest

from gateway.camera.rtsp.messages import Message, TransportAnswer, answer, parse, request, session_of, transport_of


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"hello\r\n\r\n", b"\xff\xfe\x00\r\n\r\n"]
)
def test_what_is_no_message(data: bytes) -> None:
    """None, whatever it is."""
    assert parse(data) is None


def test_an_answer() -> None:
    """Header names in any case, several of one name, a body."""
    data = b"RTSP/1.0 401 Unauthorized\r\nCSEQ: 3\r\nWWW-Authenticate: A\r\nwww-authenticate:B\r\n\r\nbody"
    message = parse(data)
    assert message is not None
    assert (message.status, message.method, message.body) == (401, "", "body")
    assert message.headers["www-authenticate"] == ("A", "B")
    assert message.header("cseq") == "3"
    assert not message.header("session")


def test_a_request_of_the_camera() -> None:
    """Is answered with its own number."""
    message = parse(b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 8\r\n\r\n")
    assert message is not None
    assert (message.status, message.method) == (0, "OPTIONS")
    assert answer(message) == b"RTSP/1.0 200 OK\r\nCSeq: 8\r\n\r\n"


def test_a_request_of_ours() -> None:
    """Read back, it is what was asked for."""
    message = parse(request("PLAY", "rtsp://x/y?z=1", {"CSeq": "4", "Range": "npt=0-"}))
    assert message is not None
    assert (message.method, message.header("range"), message.header("user-agent")) == ("PLAY", "npt=0-", "GridPatrol")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ("", None)),
        ("12", ("12", None)),
        ("12;timeout=30", ("12", 30)),
        ("a ; Timeout = 5 ", ("a", 5)),
        ("a;timeout=x", ("a", None)),
    ],
)
def test_sessions(value: str, expected: tuple[str, int | None]) -> None:
    """With and without their timeout."""
    assert session_of(Message(200, "", {"session": (value,)}, "")) == expected


def test_transports() -> None:
    """Channels, ports, and a camera that says nothing of either."""
    tcp = transport_of(Message(200, "", {"transport": ("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=1",)}, ""))
    udp = transport_of(Message(200, "", {"transport": ("RTP/AVP;server_port=6970;source=192.0.2.9",)}, ""))
    assert (tcp.channels, tcp.server_ports) == ((2, 3), None)
    assert (udp.channels, udp.server_ports, udp.source) == (None, (6970, 6971), "192.0.2.9")
    assert transport_of(Message(200, "", {}, "")) == TransportAnswer(None, None, "")
