"""Tests of gateway.camera.rtsp.session, against peers on real sockets that answer as they are told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from camera_configs.models import StreamConfig
from gateway.camera.rtsp.messages import Message
from gateway.camera.rtsp.sdp import VideoTrack
from gateway.camera.rtsp.session import DEFAULT_TIMEOUT_S, Session, error_for_status
from gateway.errors import CameraError
from tests.unit.gateway.camera.rtsp.build import VIDEO_SDP, camera, peer, requests, response

SOUND_SDP = "v=0\r\nm=audio 0 RTP/AVP 0\r\n"
Behaviour = Callable[[socket.socket], object]


def new_session(url: str, password: str | None = None, **more: Any) -> Session:
    return Session("cam", StreamConfig.model_validate({"url": url, "open_timeout_s": 2.0, **more}), password)


def described(url: str, password: str | None = None, **more: Any) -> VideoTrack:
    with closing(new_session(url, password, **more)) as session:
        return session.describe()


def refused(url: str, password: str | None = None, **more: Any) -> CameraError:
    with pytest.raises(CameraError) as caught:
        described(url, password, **more)
    return caught.value


def describing(status: str = "200 OK", body: str = "", **headers: str) -> Behaviour:
    """Answer OPTIONS with consent, everything else so."""

    def behave(connection: socket.socket) -> None:
        for request in requests(connection):
            if request[""] == "OPTIONS":
                connection.sendall(response(request))
            else:
                connection.sendall(response(request, status, body, **headers))

    return behave


def saying(answer: bytes) -> Behaviour:
    """Read the question, say this whatever it was."""

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return behave


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("behave", "state", "word"),
    [
        (reset, "reset", "closes"),
        (lambda c: c.recv(4096), "reset", "closes"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "not_video", "web server"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "not_video", "not RTSP"),
        (saying(b"\x00" * 3000), "not_video", "not RTSP"),
        (saying(b"RTSP/1.0 200 OK\r\n" + b"x" * 100_000), "not_video", "without end"),
        (saying(b"RTSP/1.x nonsense\r\n\r\n"), "not_video", "not RTSP"),
        (describing(body=SOUND_SDP), "not_video", "no video track"),
        (describing("404 Not Found"), "not_video", "404"),
        (describing("403 Forbidden"), "auth_failed", "403"),
        (describing("401 Unauthorized"), "auth_failed", "401"),
        (describing("453 Not Enough Bandwidth"), "waiting", "453"),
        (describing("503 Busy"), "waiting", "503"),
        (describing("500 Internal Server Error"), "offline", "500"),
        (describing("302 Moved"), "not_video", "elsewhere"),
        (describing("302 Moved", Location="http://127.0.0.1/"), "not_video", "elsewhere"),
    ],
)
def test_each_trouble_has_its_own_name(behave: Behaviour, state: str, word: str) -> None:
    """What the peer does, and what the camera page will say."""
    with peer(behave) as url:
        error = refused(url)
    assert error.state == state
    assert word in error.detail
    assert error.detail.startswith("127.0.0.1:")


@pytest.mark.parametrize("said", [b"", b"RTSP/1.0 200 OK\r\nContent-Length: 500\r\n\r\nv=0", b"RTS"])
def test_a_peer_that_says_nothing_or_stops_is_silent(said: bytes) -> None:
    """After the timeout for opening; a peer that announces more than it sends does not hold us up for ever."""
    done = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.sendall(said)
        done.wait(10)

    with peer(behave) as url:
        error = refused(url, open_timeout_s=1.05)
        done.set()
    assert error.state == "silent"


def test_a_closed_port_and_an_unknown_name_are_unreachable() -> None:
    """The system's own words say which."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for url in (f"rtsp://127.0.0.1:{port}/x", "rtsp://no-such-host.invalid/x"):
        assert refused(url).state == "unreachable"


def test_redirections_end() -> None:
    """One is followed, to a camera that sends us on."""
    further = describing("302 Moved", Location="rtsp://127.0.0.1:9/y")
    with peer(further) as target, peer(describing("301 Moved", Location=target)) as url:
        error = refused(url)
    assert "302" in error.detail


def guarded(heard: list[dict[str, str]], challenge: str = 'Digest realm="r", nonce="1"') -> Behaviour:
    """A camera that wants some credentials, whichever."""

    def behave(connection: socket.socket) -> None:
        for request in requests(connection):
            heard.append(request)
            if request[""] == "OPTIONS":
                connection.sendall(response(request))
            elif "authorization" in request:
                connection.sendall(response(request, body=VIDEO_SDP))
            else:
                connection.sendall(response(request, "401 no", WWW_Authenticate=challenge))

    return behave


def moved(target: str, connection: socket.socket) -> None:
    describing("305 Use Proxy", Location=target.replace("rtsp://", "rtsp://them:theirs@"))(connection)


def test_credentials_follow_a_redirection_to_the_same_host_only() -> None:
    """Another host gets none, nor does what stands in the address count; it may be shown without."""
    for host, known in (("127.0.0.1", True), ("localhost", False)):
        heard: list[dict[str, str]] = []
        with peer(guarded(heard)) as target, peer(partial(moved, target.replace("127.0.0.1", host))) as url:
            if known:
                assert described(url, "pa55", username="u").encoding == "H264"
            else:
                assert refused(url, "pa55", username="u").state == "auth_failed"
        assert any("authorization" in request for request in heard) is known
        assert all("them" not in request["url"] for request in heard)


def test_wrong_credentials_are_tried_once() -> None:
    """Cameras lock accounts; and no error tells them."""
    answers: list[str] = []

    def behave(connection: socket.socket) -> None:
        for number, request in enumerate(requests(connection)):
            answers.append(request.get("authorization", ""))
            connection.sendall(response(request, "401 no", WWW_Authenticate=f'Digest realm="r", nonce="{number}"'))

    with peer(behave) as url:
        error = refused(url, "pa55w0rd", username="u")
    assert error.state == "auth_failed"
    assert sum(answer != "" for answer in answers) == 1
    assert "pa55" not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


def test_a_stale_nonce_is_replaced() -> None:
    """Once more with the fresh one."""

    def behave(connection: socket.socket) -> None:
        for request in requests(connection):
            nonce = 'nonce="2", stale=true' if "authorization" in request else 'nonce="1"'
            if 'nonce="2"' in request.get("authorization", ""):
                connection.sendall(response(request, body=VIDEO_SDP))
            else:
                connection.sendall(response(request, "401 no", WWW_Authenticate=f'Digest realm="r", {nonce}'))

    with peer(behave) as url:
        assert described(url, "x", username="u").encoding == "H264"


def test_the_whole_dialogue() -> None:
    """Addresses by base and control, the session's id on all that follows, and what was agreed upon."""
    heard: list[dict[str, str]] = []
    with peer(camera(lambda _: None, heard=heard)) as url, closing(new_session(url)) as session:
        agreed = session.set_up(session.describe(), None)
        session.play()
        session.peer.send(session.keep_alive())
        session.peer.send(session.tear_down())
        session.peer.message()
    assert agreed.channels == (0, 1)
    assert [(request[""], request["url"]) for request in heard] == [
        ("OPTIONS", url),
        ("DESCRIBE", url),
        ("SETUP", f"{url}/track1"),
        ("PLAY", url),
        ("GET_PARAMETER", url),
        ("TEARDOWN", url),
    ]
    assert [request.get("session") for request in heard] == [None, None, None, "5", "5", "5"]
    assert session.timeout_s == DEFAULT_TIMEOUT_S


def test_pictures_that_overtake_an_answer_are_kept() -> None:
    """As are questions of the camera's own, which are none of our answers."""
    early = b"$\x00\x00\x03abc"

    def behave(connection: socket.socket) -> None:
        for request in requests(connection):
            question = b"OPTIONS rtsp://us RTSP/1.0\r\nCSeq: 77\r\n\r\n"
            connection.sendall(early + question + response(request, body=VIDEO_SDP) + early)

    with peer(behave) as url, closing(new_session(url)) as session:
        session.describe()
        assert session.peer.finish() in {early * 3, early * 4}  # the last may still be on its way


def test_answers_to_keep_alives() -> None:
    """A method it does not know, a session it has lost, and consent."""
    session = new_session("rtsp://192.0.2.1/x")
    session._alive_method = "GET_PARAMETER"
    assert session.heard(Message(200, "", {}, "")) == b""
    assert session.heard(Message(501, "", {}, "")).startswith(b"OPTIONS ")
    assert session.heard(Message(501, "", {}, "")) == b""
    with pytest.raises(LookupError):
        session.heard(Message(454, "", {}, ""))
    assert session.tear_down() == b""  # there is no session


def test_what_a_camera_may_refuse() -> None:
    """Success is no error."""
    assert error_for_status("cam", 200, "h:1", known=True) is None
    refusal = error_for_status("cam", 461, "h:1", known=True)
    assert refusal is not None
    assert "transport" in refusal.detail


def test_no_connection_before_it_was_made() -> None:
    """A mistake of ours, not of the camera."""
    with pytest.raises(RuntimeError):
        _ = new_session("rtsp://192.0.2.1/x").peer
