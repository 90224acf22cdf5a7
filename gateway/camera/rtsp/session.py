"""One RTSP session as a client: describe, set up, play, keep alive, tear down (RFC 2326)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from camera_configs.models import StreamConfig
from gateway.camera.challenges import Secret
from gateway.camera.rtsp.credentials import Answerer
from gateway.camera.rtsp.messages import Message, TransportAnswer, parse, request, session_of, transport_of
from gateway.camera.rtsp.peer import Peer
from gateway.camera.rtsp.sdp import VideoTrack, resolve, video_of
from gateway.errors import CameraAuthError, CameraBusy, CameraError, CameraNotVideo

DEFAULT_TIMEOUT_S = 60  # RFC 2326, 12.37
_SHORTEST_TIMEOUT_S = 4  # what a camera may ask for at least: nobody can be kept alive more often
_TRIES = 3  # of one request: without credentials, with them, with a fresh nonce
_REDIRECTS = frozenset({301, 302, 303, 305, 307})
_UNKNOWN_METHOD = frozenset({405, 501, 551})
_SESSION_LOST = 454
_SCHEMES = frozenset({"rtsp", "rtsps"})


class Session:
    """Talks with one camera. While it is opened every call blocks until the answer, by one deadline for all.

    Once playing, requests are only made here (`keep_alive`, `tear_down`): sending them, and reading what the camera
    says meanwhile (`heard`), is up to whoever reads the packets.

    Args:
        camera_id: Named in errors.
        stream: Address, user name, transport and timeouts.
        password: Used in answers to challenges only.
    """

    def __init__(self, camera_id: str, stream: StreamConfig, password: str | None = None) -> None:
        self._camera_id = camera_id
        self._stream = stream
        secret = Secret(stream.username, password or "") if stream.username is not None else None
        self._answerer = Answerer(secret)
        self._deadline_s = time.monotonic() + stream.open_timeout_s
        self._url = urlsplit(stream.url)
        self._base = stream.url
        self._control = ""  # URL of the playing session
        self._sequence = 0
        self._id = ""
        self._alive_method = "OPTIONS"
        self._peer: Peer | None = None
        self.timeout_s = DEFAULT_TIMEOUT_S

    @property
    def deadline_s(self) -> float:
        """Until when opening may take, on `time.monotonic`."""
        return self._deadline_s

    @property
    def peer(self) -> Peer:
        """The connection, once `describe` was called."""
        if self._peer is None:
            raise RuntimeError("no connection before describe()")
        return self._peer

    def describe(self) -> VideoTrack:
        """Connect and ask what there is, following one redirection.

        Raises:
            CameraError: Of the kind that the camera page shows.
        """
        described = self._described()
        if described.status in _REDIRECTS:
            self._redirect(described)
            described = self._described()
        self._check(described)
        self._base = described.header("content-base") or described.header("content-location") or self._target()
        track = video_of(described.body)
        if track is None:
            raise CameraNotVideo(self._camera_id, f"{self.peer.where}: offers no video track")
        self._control = resolve(self._base, track.session_control)
        return track

    def set_up(self, track: VideoTrack, ports: tuple[int, int] | None) -> TransportAnswer:
        """Reserve the track: on the connection, or to our UDP ports."""
        wanted = (
            f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}" if ports else "RTP/AVP/TCP;unicast;interleaved=0-1"
        )
        answer = self._ask("SETUP", resolve(self._base, track.control), {"Transport": wanted})
        self._check(answer)
        self._id, timeout_s = session_of(answer)
        self.timeout_s = max(_SHORTEST_TIMEOUT_S, timeout_s or DEFAULT_TIMEOUT_S)
        return transport_of(answer)

    def play(self) -> None:
        """Let it begin; pictures may arrive before this returns (`Peer.early`)."""
        self._check(self._ask("PLAY", self._control, {"Range": "npt=0.000-"}))

    def keep_alive(self) -> bytes:
        """Return the request that keeps the session; its answer may be given to `heard` whenever it comes."""
        return self._request(self._alive_method, self._control, {})

    def tear_down(self) -> bytes:
        """Return the request that ends the session; empty when there is none."""
        return self._request("TEARDOWN", self._control, {}) if self._id else b""

    def heard(self, message: Message) -> bytes:
        """Take an answer to a keep-alive; return what to send now, if anything.

        Raises:
            LookupError: The camera knows of no such session any more.
        """
        if message.status == 401 and self._answerer.challenged(message.headers.get("www-authenticate", ())):
            return self.keep_alive()
        if message.status in _UNKNOWN_METHOD and self._alive_method != "OPTIONS":
            self._alive_method = "OPTIONS"
            return self.keep_alive()
        if message.status == _SESSION_LOST:
            raise LookupError("session")
        return b""

    def close(self) -> None:
        """Close the connection."""
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def _described(self) -> Message:
        self._peer = Peer(self._camera_id, self._url, self._deadline_s)
        options = self._exchange("OPTIONS", self._target(), {})
        if options.status == 401:
            self._answerer.challenged(options.headers.get("www-authenticate", ()))
        methods = {word.strip().upper() for value in options.headers.get("public", ()) for word in value.split(",")}
        self._alive_method = "GET_PARAMETER" if "GET_PARAMETER" in methods else "OPTIONS"
        return self._ask("DESCRIBE", self._target(), {"Accept": "application/sdp"})

    def _redirect(self, answer: Message) -> None:
        where = self.peer.where
        self.close()
        url = urlsplit(answer.header("location"))
        if url.scheme not in _SCHEMES or not url.hostname:
            raise CameraNotVideo(self._camera_id, f"{where}: sends us elsewhere ({answer.status}), but not where to")
        # User information in what a camera sends is not ours to use; our own is for the host that it was given for.
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        same_host = url.hostname == self._url.hostname
        self._url = url._replace(netloc=f"{host}:{url.port}" if url.port else host)
        if not same_host:
            self._answerer = Answerer(None)

    def _target(self) -> str:
        return urlunsplit(self._url._replace(fragment=""))

    def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> Message:
        """Make a request, with credentials where they are asked for."""
        for _ in range(_TRIES):
            answer = self._exchange(method, url, headers)
            if answer.status < 300:
                self._answerer.accept()
            if answer.status != 401 or not self._answerer.challenged(answer.headers.get("www-authenticate", ())):
                break
        return answer

    def _exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Message:
        self.peer.send(self._request(method, url, headers))
        while True:
            message = parse(self.peer.message())
            if message is None:
                raise CameraNotVideo(self._camera_id, f"{self.peer.where}: something that is not RTSP answers")
            if message.status and message.header("cseq") in {"", str(self._sequence)}:
                return message

    def _request(self, method: str, url: str, headers: Mapping[str, str]) -> bytes:
        self._sequence += 1
        own = {"CSeq": str(self._sequence)}
        answer = self._answerer.header(method, url)
        if answer:
            own["Authorization"] = answer
        if self._id:
            own["Session"] = self._id
        return request(method, url, own | dict(headers))

    def _check(self, answer: Message) -> None:
        error = error_for_status(
            self._camera_id, answer.status, self.peer.where, known=self._stream.username is not None
        )
        if error is not None:
            raise error


def error_for_status(camera_id: str, code: int, where: str, *, known: bool) -> CameraError | None:
    """Name the trouble behind an RTSP status; None for success. `known`: we have credentials to offer."""
    if code == 401 and known:
        return CameraAuthError(camera_id, f"{where}: user name or password refused")
    if code in {401, 403}:
        return CameraAuthError(camera_id, f"{where}: access refused ({code})")
    if code == 404:
        return CameraNotVideo(camera_id, f"{where}: no stream at this path (404)")
    if code in {453, 503}:
        return CameraBusy(camera_id, f"{where}: no further stream to be had ({code})")
    if code == 461:
        return CameraError(camera_id, f"{where}: does not send this way (461): try the other transport")
    return CameraError(camera_id, f"{where}: answers {code}") if code >= 300 else None
