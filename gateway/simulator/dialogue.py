"""The server's side of one RTSP connection: a request in, a response out, and what the session then is.

No I/O of its own: sinks are made from the connection it is given, and playing begins only when `after_response` is
called, so that the first packet follows the answer to PLAY.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.simulator.credentials import Login
from gateway.simulator.faults import Timeline
from gateway.simulator.feed import Counters, Feed, Viewer
from gateway.simulator.messages import BadRequest, Delivery, Request, Response, parse_delivery
from gateway.simulator.sdp import TRACK, describe
from gateway.simulator.sinks import Address, DatagramSink, InterleavedSink, PortPair, Sink

_METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
_PUBLIC = ", ".join(_METHODS)
_PLAYING_METHODS = frozenset({"PLAY", "PAUSE"})
_STARTING_METHODS = frozenset({"SETUP", "PLAY"})


@dataclass(frozen=True, slots=True)
class Channel:
    """A path of the server: what it shows, to whom, and what goes wrong (None: nothing ever does)."""

    feed: Feed
    login: Login
    timeline: Timeline | None = None

    def suffers(self, *kinds: str) -> bool:
        """Say whether one of these faults is in force."""
        return self.timeline is not None and self.timeline.active(*kinds) is not None


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of a server share."""

    channels: Mapping[str, Channel]
    ports: PortPair
    counters: Counters
    session_timeout_s: int
    buffer_limit_bytes: int


class Dialogue:
    """The state of one connection: at most one session, on one path.

    Attributes:
        viewer: Set from SETUP until TEARDOWN.
        rtcp_from: Where the client's receiver reports come from when it is served over UDP.
        finished: The session was torn down; the connection may be closed.
        refused: A fault wants the connection to be reset.
    """

    def __init__(self, house: House, peer_host: str, local_host: str, transport: asyncio.WriteTransport) -> None:
        self.viewer: Viewer | None = None
        self.rtcp_from: Address | None = None
        self.finished = False
        self.refused = False
        self._house = house
        self._peer_host = peer_host
        self._local_host = local_host
        self._transport = transport
        self._nonce = secrets.token_hex(16)
        self._session_id = ""
        self._path = ""
        self._playing = False
        self._first = 0
        self._begins = False
        self._methods: dict[str, Callable[[Request], Response]] = {
            "OPTIONS": lambda _: Response(200, {"Public": _PUBLIC}),
            "DESCRIBE": self._describe,
            "SETUP": self._set_up,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "GET_PARAMETER": self._keep_alive,
            "SET_PARAMETER": self._keep_alive,
            "TEARDOWN": self._tear_down,
        }

    @property
    def unplugged(self) -> bool:
        """Whether the session's path is cut off from the network now: nothing may leave, not even a reset."""
        return bool(self._path) and self._channel.suffers("half_open")

    def respond(self, request: Request) -> Response | None:
        """Decide the answer, None for none because of a fault; raises nothing but bugs."""
        try:
            channel = self._channel_of(request)
            if channel is not None and channel.timeline is not None:
                channel.timeline.touch()
                self.refused = channel.suffers("refuse")
                if channel.suffers("refuse", "silent", "half_open"):
                    return None
            return self._refusal(request) or self._methods[request.method](request)
        except BadRequest:
            return Response(400)

    def after_response(self) -> None:
        """Begin to play, if the last request was a successful PLAY."""
        if self._begins and self.viewer is not None:
            self._begins = False
            self._playing = True
            self._channel.feed.join(self.viewer, self._first)

    def close(self) -> None:
        """Leave the path; may be called again."""
        if self.viewer is not None:
            self._channel.feed.leave(self.viewer)
        self._playing = self._begins = False

    @property
    def _channel(self) -> Channel:
        return self._house.channels[self._path]

    def _channel_of(self, request: Request) -> Channel | None:
        """Return the path that a request names, else the session's."""
        return self._house.channels.get(_channel_name(request) or self._path)

    def _refusal(self, request: Request) -> Response | None:
        if request.method not in self._methods:
            return Response(405, {"Allow": _PUBLIC})
        channel = self._channel_of(request)
        if self._session_id and channel is not None and channel.suffers("auth"):
            return self._unauthorized(channel)
        if request.method == "OPTIONS" or (not request.path and request.method.endswith("_PARAMETER")):
            return None
        if channel is None or not _channel_name(request) or channel.suffers("not_found"):
            return Response(404)
        if channel.suffers("auth") or not channel.login.admits(request, self._nonce):
            return self._unauthorized(channel)
        if request.method in _STARTING_METHODS and channel.suffers("busy"):
            return Response(453)
        return self._wrong_session(request)

    def _unauthorized(self, channel: Channel) -> Response:
        return Response(401, {"WWW-Authenticate": channel.login.challenge(self._nonce)})

    def _wrong_session(self, request: Request) -> Response | None:
        given = request.headers.get("session", "").partition(";")[0].strip()
        if given and given != self._session_id:
            return Response(454)
        if request.method in _PLAYING_METHODS and not (given and _channel_name(request) == self._path):
            return Response(454)
        return None

    def _describe(self, request: Request) -> Response:
        clip = self._house.channels[_channel_name(request)].feed.present_clip()
        base = f"{request.url.partition('?')[0].rstrip('/')}/"
        headers = {"Content-Type": "application/sdp", "Content-Base": base}
        return Response(200, headers, describe(clip, _channel_name(request), self._local_host))

    def _set_up(self, request: Request) -> Response:
        if self._playing:
            return Response(455)
        delivery = parse_delivery(request.headers.get("transport", ""))
        if delivery is None:
            return Response(461)
        sink, transport = self._sink(delivery)
        feed = self._house.channels[_channel_name(request)].feed
        self.viewer = feed.new_viewer(sink, self._house.counters, self._house.buffer_limit_bytes)
        self._path = _channel_name(request)
        self._session_id = self._session_id or secrets.token_hex(8)
        return Response(200, {"Transport": f"{transport};ssrc={self.viewer.ssrc:08X}", **self._session_header()})

    def _sink(self, delivery: Delivery) -> tuple[Sink, str]:
        if delivery.over_tcp:
            pair = delivery.pair or (0, 1)
            self.rtcp_from = None
            return InterleavedSink(self._transport, pair), f"RTP/AVP/TCP;unicast;interleaved={pair[0]}-{pair[1]}"
        assert delivery.pair is not None  # noqa: S101  parse_delivery refuses UDP without ports
        client, ports = delivery.pair, self._house.ports
        self.rtcp_from = (self._peer_host, client[1])
        transport = f"client_port={client[0]}-{client[1]};server_port={ports.numbers[0]}-{ports.numbers[1]}"
        return DatagramSink(ports, self._peer_host, client), f"RTP/AVP;unicast;{transport}"

    def _play(self, request: Request) -> Response:
        assert self.viewer is not None  # noqa: S101  there is a session only after SETUP
        headers = {**self._session_header(), "Range": "npt=0.000-"}
        if self._playing:  # a second PLAY is how some clients keep a session alive
            return Response(200, headers)
        self._begins = True
        self._house.counters.sessions += 1
        feed = self._channel.feed
        self._first = feed.tune_in()
        track = f"{request.url.partition('?')[0].rstrip('/').removesuffix('/' + TRACK)}/{TRACK}"
        info = f"url={track};seq={self.viewer.sequence};rtptime={feed.timestamp(self._first)}"
        return Response(200, headers | {"RTP-Info": info})

    def _pause(self, request: Request) -> Response:  # noqa: ARG002  all methods are called alike
        if not self._playing:
            return Response(455)
        self.close()
        return Response(200, self._session_header())

    def _keep_alive(self, request: Request) -> Response:
        if request.body_bytes:  # there is no parameter to ask for or to set
            return Response(451)
        return Response(200, self._session_header() if self._session_id else {})

    def _tear_down(self, request: Request) -> Response:  # noqa: ARG002
        if self.viewer is None:
            return Response(454)
        self.close()
        self.finished = True
        return Response(200, {"Session": self._session_id})

    def _session_header(self) -> dict[str, str]:
        return {"Session": f"{self._session_id};timeout={self._house.session_timeout_s}"}


def _channel_name(request: Request) -> str:
    return request.path.removesuffix(TRACK).rstrip("/")
