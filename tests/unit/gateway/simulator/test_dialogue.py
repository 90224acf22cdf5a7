"""RTSP answers: the right status for every wrong request, and a session that does what it says."""

from __future__ import annotations

import pytest

from gateway.clock import FakeClock
from gateway.simulator.credentials import Login
from gateway.simulator.dialogue import Channel, Dialogue, House
from gateway.simulator.faults import Timeline, parse_fault
from gateway.simulator.feed import Counters, Feed
from gateway.simulator.messages import Request, Response
from gateway.simulator.sinks import PortPair
from tests.unit.gateway.simulator.clips import clip
from tests.unit.gateway.simulator.test_sinks import PipeTransport

BASE = "rtsp://127.0.0.1:8554"
TCP = {"transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}


class Phone:
    """One connection to a house with an open and a closed path."""

    def __init__(self, ports: PortPair, *faults: str) -> None:
        clock = self.clock = FakeClock()
        open_path = Channel(Feed(clip(), clock), Login())
        closed_path = Channel(Feed(clip(), clock), Login("basic", "u", "p"))
        self.faults = Timeline([parse_fault(text)[1] for text in faults], clock)
        faulty = Channel(Feed(clip(), clock), Login(), self.faults)
        channels = {"cam": open_path, "street/7": open_path, "closed": closed_path, "faulty": faulty}
        self.house = House(channels, ports, Counters(), 60, 1000)
        self.transport = PipeTransport()
        self.dialogue = Dialogue(self.house, "127.0.0.1", "127.0.0.1", self.transport)
        self.feed = open_path.feed

    def say(self, method: str, path: str = "/cam", **headers: str) -> Response:
        """Send a request; header names are given as Python names."""
        response = self.answer(Request(method, BASE + path, headers))
        self.dialogue.after_response()
        return response

    def answer(self, request: Request) -> Response:
        """Send a request that is answered."""
        response = self.dialogue.respond(request)
        assert response is not None
        return response

    def set_up(self, **headers: str) -> str:
        """SETUP over TCP; returns the session id."""
        return self.say("SETUP", "/cam/trackID=0", **(headers or TCP)).headers["Session"].partition(";")[0]


@pytest.fixture
async def phone() -> Phone:
    """A fresh connection; its UDP ports are closed already, and none of these tests sends a datagram."""
    ports = PortPair.open("127.0.0.1")
    with ports.listening(lambda _: None):
        pass
    return Phone(ports)


async def test_unknown_path_is_404(phone: Phone) -> None:
    """Before any question of rights."""
    assert phone.say("DESCRIBE", "/nothing").status == 404


@pytest.mark.parametrize("method", ["RECORD", "ANNOUNCE", "GET", "describe"])
async def test_other_methods_are_405(phone: Phone, method: str) -> None:
    """And the answer names those that are allowed."""
    answer = phone.say(method)
    assert answer.status == 405
    assert "PLAY" in answer.headers["Allow"]


async def test_unreadable_url_is_400(phone: Phone) -> None:
    """The connection stays usable."""
    assert phone.answer(Request("DESCRIBE", "rtsp://[x")).status == 400


async def test_closed_path_is_401(phone: Phone) -> None:
    """With a challenge; the right credentials open it."""
    refused = phone.say("DESCRIBE", "/closed")
    assert (refused.status, "Basic" in refused.headers["WWW-Authenticate"]) == (401, True)
    assert phone.say("DESCRIBE", "/closed", authorization="Basic dTpw").status == 200


async def test_no_session_no_play(phone: Phone) -> None:
    """PLAY, PAUSE and TEARDOWN need a session of this connection."""
    for method in ("PLAY", "PAUSE", "TEARDOWN"):
        assert phone.say(method).status == 454
    phone.set_up()
    assert phone.say("PLAY", session="0123").status == 454
    assert phone.say("GET_PARAMETER", session="0123").status == 454


async def test_session_belongs_to_its_path(phone: Phone) -> None:
    """PLAY of another path under this session is refused."""
    session = phone.set_up()
    assert phone.say("PLAY", "/street/7", session=session).status == 454


async def test_wrong_state_is_455(phone: Phone) -> None:
    """PAUSE before PLAY, and SETUP while playing."""
    session = phone.set_up()
    assert phone.say("PAUSE", session=session).status == 455
    assert phone.say("PLAY", session=session).status == 200
    assert phone.say("SETUP", "/cam/trackID=0", **TCP).status == 455


async def test_unservable_transport_is_461(phone: Phone) -> None:
    """Multicast, or nothing at all."""
    assert phone.say("SETUP", "/cam/trackID=0", transport="RTP/AVP;multicast").status == 461
    assert phone.say("SETUP", "/cam/trackID=0").status == 461


async def test_parameters_are_unknown(phone: Phone) -> None:
    """An empty GET_PARAMETER keeps alive; one with a body asks for what we do not have."""
    assert phone.say("GET_PARAMETER", "").status == 200
    assert phone.say("SET_PARAMETER", **{"content-length": "5"}).status == 451
    assert phone.say("SET_PARAMETER", **{"content-length": "x"}).status == 400


async def test_options_needs_nothing(phone: Phone) -> None:
    """Not even a path."""
    assert "GET_PARAMETER" in phone.answer(Request("OPTIONS", "*")).headers["Public"]
    assert phone.say("OPTIONS", "/nothing").status == 200


async def test_describe_gives_the_base(phone: Phone) -> None:
    """Without query, with a slash at its end, so that the control URL is right."""
    answer = phone.say("DESCRIBE", "/street/7?profile=1")
    assert answer.headers["Content-Base"] == f"{BASE}/street/7/"
    assert "m=video" in answer.body


async def test_play_begins_after_its_answer(phone: Phone) -> None:
    """RTP-Info announces the very packet that comes first."""
    session = phone.set_up()
    answer = phone.answer(Request("PLAY", f"{BASE}/cam/", {"session": session}))
    assert not phone.transport.written
    phone.dialogue.after_response()
    rtp = phone.transport.written[phone.transport.written.index(b"$\x00") :]
    sequence, timestamp = int.from_bytes(rtp[6:8], "big"), int.from_bytes(rtp[8:12], "big")
    assert answer.headers["RTP-Info"] == f"url={BASE}/cam/trackID=0;seq={sequence};rtptime={timestamp}"
    assert answer.headers["Session"] == f"{session};timeout=60"
    assert phone.transport.written[:2] == b"$\x01"  # the sender report
    assert phone.house.counters.sessions == 1


async def test_pause_and_play_again(phone: Phone) -> None:
    """PAUSE leaves the path, PLAY comes back; a PLAY while playing only keeps alive."""
    session = phone.set_up()
    phone.say("PLAY", session=session)
    phone.say("PLAY", session=session)
    assert len(phone.feed.viewers) == 1
    assert phone.say("PAUSE", session=session).status == 200
    assert phone.feed.viewers == []
    phone.say("PLAY", session=session)
    assert len(phone.feed.viewers) == 1


async def test_teardown_ends_it(phone: Phone) -> None:
    """The path is left and the connection may close."""
    session = phone.set_up()
    phone.say("PLAY", session=session)
    assert phone.say("TEARDOWN", session=session).status == 200
    assert phone.dialogue.finished
    assert phone.feed.viewers == []


async def test_udp_setup_names_both_pairs(phone: Phone) -> None:
    """The client learns our ports; its receiver reports are expected from its second one."""
    answer = phone.say("SETUP", "/cam/trackID=0", transport="RTP/AVP;unicast;client_port=5000-5001")
    ours = "-".join(map(str, phone.house.ports.numbers))
    assert f"client_port=5000-5001;server_port={ours};ssrc=" in answer.headers["Transport"]
    assert phone.dialogue.rtcp_from == ("127.0.0.1", 5001)


async def test_setup_may_change_its_mind(phone: Phone) -> None:
    """UDP first, then TCP, as clients do that fall back; the session stays the same."""
    first = phone.set_up(transport="RTP/AVP;unicast;client_port=5000-5001")
    assert phone.set_up() == first
    assert phone.dialogue.rtcp_from is None


def broken(*faults: str) -> Phone:
    """A connection to a house whose path `faulty` has faults."""
    ports = PortPair.open("127.0.0.1")
    with ports.listening(lambda _: None):
        pass
    return Phone(ports, *faults)


def session_on(phone: Phone) -> str:
    """SETUP of the path with faults."""
    return phone.say("SETUP", "/faulty/trackID=0", **TCP).headers["Session"].partition(";")[0]


@pytest.mark.parametrize(("fault", "refused"), [("silent", False), ("half_open", False), ("refuse", True)])
async def test_faults_without_an_answer(fault: str, refused: bool) -> None:
    """OPTIONS too, and keep-alives of the session that name no path; other paths are fine; then it passes."""
    phone = broken(f"{fault}@5s+5s")
    session = session_on(phone)
    await phone.clock.advance(5)
    for request in (
        Request("OPTIONS", f"{BASE}/faulty"),
        Request("GET_PARAMETER", "*", {"session": session}),
        Request("DESCRIBE", f"{BASE}/faulty"),
    ):
        assert phone.dialogue.respond(request) is None
        assert phone.dialogue.refused == refused
    assert phone.dialogue.unplugged == (fault == "half_open")
    assert phone.say("DESCRIBE", "/cam").status == 200
    await phone.clock.advance(5)
    assert phone.say("DESCRIBE", "/faulty").status == 200
    assert (phone.dialogue.refused, phone.dialogue.unplugged) == (False, False)


async def test_changed_password_is_asked_of_everybody() -> None:
    """OPTIONS is free until there is a session; then each of its requests is refused."""
    phone = broken("auth@5s")
    session = session_on(phone)
    assert phone.say("GET_PARAMETER", "", session=session).status == 200
    await phone.clock.advance(5)
    assert phone.say("OPTIONS", "/faulty").status == 401
    assert phone.say("GET_PARAMETER", "", session=session).status == 401
    other = broken("auth")
    assert other.say("OPTIONS", "/faulty").status == 200
    refused = other.say("DESCRIBE", "/faulty", authorization="Basic dTpw")
    assert (refused.status, "Digest" in refused.headers["WWW-Authenticate"]) == (401, True)


async def test_busy_and_not_found() -> None:
    """Busy lets itself be described, and runs what runs; a path that is gone is gone for all."""
    phone = broken("busy@5s+5s", "not_found@10s")
    session = session_on(phone)
    await phone.clock.advance(5)
    assert phone.say("DESCRIBE", "/faulty").status == 200
    assert phone.say("PLAY", "/faulty", session=session).status == 453
    await phone.clock.advance(5)
    assert phone.say("PLAY", "/faulty", session=session).status == 404
