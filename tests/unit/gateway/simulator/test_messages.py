"""RTSP messages are read strictly and written plainly."""

from __future__ import annotations

import pytest

from gateway.simulator.messages import BadRequest, Delivery, Request, Response, parse_delivery, parse_request


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n",
        b"\xff\xfe * RTSP/1.0\r\n\r\n",
    ],
)
def test_nonsense_is_refused(head: bytes) -> None:
    """What is no RTSP request raises one kind of error."""
    with pytest.raises(BadRequest):
        parse_request(head)


@pytest.mark.parametrize("length", ["-1", "x", "99999999"])
def test_bad_content_length(length: str) -> None:
    """A body that is no number or too long is refused before it is read."""
    with pytest.raises(BadRequest):
        _ = Request("SET_PARAMETER", "*", {"content-length": length}).body_bytes


def test_bad_url() -> None:
    """An URL that cannot be read is a bad request, not a crash."""
    with pytest.raises(BadRequest):
        _ = Request("DESCRIBE", "rtsp://[broken/cam").path


def test_request_is_read() -> None:
    """Header names lose their case, values their edges."""
    request = parse_request(
        b"DESCRIBE rtsp://h:554/a%20b/c/?x=1 RTSP/1.0\r\nCSeq:  7 \r\nACCEPT: application/sdp\r\n\r\n"
    )
    assert (request.method, request.path) == ("DESCRIBE", "a b/c")
    assert request.headers == {"cseq": "7", "accept": "application/sdp"}
    assert Request("OPTIONS", "*").path == ""


def test_http_is_read_when_wanted() -> None:
    """By the same rules; RTSP is then what is refused."""
    assert parse_request(b"GET /snapshot/a%20b HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1").path == "snapshot/a b"
    with pytest.raises(BadRequest):
        parse_request(b"OPTIONS * RTSP/1.0\r\n\r\n", "HTTP/1.1")


def test_response_is_written() -> None:
    """Status line, CSeq, headers, length, empty line, body."""
    text = Response(454).to_bytes("3").decode()
    assert text.startswith("RTSP/1.0 454 Session Not Found\r\nCSeq: 3\r\n")
    assert text.endswith("\r\n\r\n")
    assert Response(200, {"A": "b"}, "ü").to_bytes("1").endswith(b"A: b\r\nContent-Length: 2\r\n\r\n\xc3\xbc")


@pytest.mark.parametrize(
    "transport",
    ["", "RTP/AVP;multicast;client_port=5000-5001", "RTP/AVP;unicast", "RAW/RAW/UDP;unicast;client_port=1-2",
     "RTP/AVP;unicast;client_port=70000-70001", "RTP/AVP;unicast;client_port=0-1"],
)  # fmt: skip
def test_transports_that_cannot_be_served(transport: str) -> None:
    """Multicast, unknown protocols and impossible ports lead to 461."""
    assert parse_delivery(transport) is None


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", Delivery(True, (2, 3))),
        ("RTP/AVP/TCP;unicast", Delivery(True, None)),
        ("RTP/AVP;unicast;client_port=5000-5001;destination=8.8.8.8", Delivery(False, (5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000", Delivery(False, (5000, 5001))),
        ("RTP/AVP;multicast, RTP/AVP/TCP;unicast;interleaved=0-1", Delivery(True, (0, 1))),
    ],
)
def test_transports_that_can(transport: str, expected: Delivery) -> None:
    """The first that can be served is taken, and a foreign destination is not."""
    assert parse_delivery(transport) == expected
