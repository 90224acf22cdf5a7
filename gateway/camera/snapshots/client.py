"""One camera's snapshots over HTTP: kept connections, Basic and Digest, and a name for every trouble."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from gateway.camera.snapshots.authorisation import Authorisation
from gateway.camera.snapshots.jpeg import is_whole, read_header
from gateway.clock import Clock
from gateway.errors import (
    CameraAuthError,
    CameraBusy,
    CameraError,
    CameraNotVideo,
    CameraReset,
    CameraSilent,
    CameraUnreachable,
    StreamCorrupt,
    StreamStalled,
)

MAX_BYTES = 8 * 1024 * 1024  # a 4K snapshot at the best quality is about 4 MB
CONNECT_TIMEOUT_S = 3.0  # as for streams
# Longer than any period of polling, so that a camera that keeps its connection is asked on the same one.
KEEP_ALIVE_S = 90.0
# What arrives while the loop is busy elsewhere; less makes the transport pause and resume within one snapshot.
_BUFFER_BYTES = 1024 * 1024
# An answer to a redirect, one to a 401, one to a nonce that has just gone stale.
_MAX_REQUESTS = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class SnapshotAddress:
    """Where a camera's snapshots come from."""

    camera_id: str
    url: str  # http or https, without credentials
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 5.0  # for one snapshot as a whole, once its turn has come
    limit_key: str = ""  # recorder id; empty: the host

    @property
    def key(self) -> str:
        """What cameras that share a recorder's or host's patience have in common."""
        return self.limit_key or urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One whole JPEG as the camera sent it."""

    jpeg: bytes
    at_s: float  # when its first bytes came, on the monotonic clock: nearer to the picture than the request
    took_s: float  # from the request to the last byte
    width: int  # px
    height: int  # px


class SnapshotConnections:
    """The connections of all cameras of a process: an async context manager, used on one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session; only inside the context."""
        assert self._session is not None  # noqa: S101 - entered first
        return self._session

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # How many requests run at once is the poller's to say: here every camera may keep its connection.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ssl=_unverified()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "GridPatrol", "Accept": "image/jpeg, */*", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            read_bufsize=_BUFFER_BYTES,
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()


class SnapshotClient:
    """Fetches one camera's snapshots, one at a time; remembers its challenge, so a Digest costs one request each."""

    def __init__(self, address: SnapshotAddress, connections: SnapshotConnections, clock: Clock) -> None:
        self.address = address
        self._connections = connections
        self._clock = clock
        self._url = URL(address.url, encoded=True)
        self._authorisation = Authorisation(address.username, address.password)

    async def fetch(self) -> Snapshot:
        """Fetch one snapshot; cancelling closes its connection.

        Raises:
            CameraUnreachable: No connection.
            CameraSilent: A connection, and no answer in time.
            CameraReset: The connection was closed instead of an answer.
            CameraAuthError: Credentials missing or refused.
            CameraBusy: The camera says that it has too much to do (429, 503).
            CameraNotVideo: Something other than a JPEG of at most 8 MiB, or a redirect to another host.
            StreamStalled: The answer began and did not end in time.
            StreamCorrupt: The picture is cut short.
            CameraError: Any other status.
        """
        progress = _Progress()
        started_s = self._clock.monotonic()
        with self._named(progress):
            async with asyncio.timeout(self.address.timeout_s):
                jpeg = await self._exchange(progress)
        took_s = self._clock.monotonic() - started_s
        header = read_header(jpeg)
        if header is None:
            raise self._error(CameraNotVideo, "answers with something that is no JPEG")
        if not is_whole(jpeg):
            raise self._error(StreamCorrupt, "the snapshot is cut short")
        return Snapshot(jpeg, progress.answered_s or started_s, took_s, header.width, header.height)

    async def _exchange(self, progress: _Progress) -> bytes:
        """Ask until there is a body: a 401 and a redirect are answered as part of the same exchange."""
        url, challenged = self._url, False
        for _ in range(_MAX_REQUESTS):
            progress.answered_s = None
            async with self._ask(url) as response:
                progress.answered_s = self._clock.monotonic()
                if response.status == 200:
                    return await self._read(response)
                if response.status == 401:
                    challenged = self._answer_challenge(response, answered_fresh=challenged)
                elif response.status in _REDIRECTS:
                    url = self._redirected(url, response)
                else:
                    raise self._refusal(response.status)
                await self._skip(response)
        raise self._error(CameraError, f"no picture after {_MAX_REQUESTS} requests")

    def _ask(self, url: URL) -> aiohttp.client._RequestContextManager:
        header = self._authorisation.header(url.raw_path_qs)
        headers = {} if header is None else {"Authorization": header}
        return self._connections.session.get(url, headers=headers, allow_redirects=False)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > MAX_BYTES:
            raise self._error(CameraNotVideo, f"answers with more than {MAX_BYTES} bytes")
        pieces: list[bytes] = []
        size = 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > MAX_BYTES:
                raise self._error(CameraNotVideo, f"answers with more than {MAX_BYTES} bytes")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _skip(self, response: aiohttp.ClientResponse) -> None:
        """Read a short refusal's body, so that its connection can carry the next request; close after a long one."""
        if (response.content_length or 0) <= _BUFFER_BYTES:
            await response.content.read(_BUFFER_BYTES)

    def _answer_challenge(self, response: aiohttp.ClientResponse, *, answered_fresh: bool) -> bool:
        offers = response.headers.getall("WWW-Authenticate", [])
        if not self._authorisation.accept(offers, answered_fresh=answered_fresh):
            raise self._error(CameraAuthError, "access refused (401)")
        return True

    def _redirected(self, url: URL, response: aiohttp.ClientResponse) -> URL:
        """Follow within the camera only: its credentials are for nobody else, and not for fewer locks than before."""
        target = url.join(URL(response.headers.get("Location", "")))
        if target.host != url.host or target.scheme not in {url.scheme, "https"}:
            raise self._error(CameraNotVideo, "redirects to another place")
        return target

    def _refusal(self, status: int) -> CameraError:
        if status == 403:
            return self._error(CameraAuthError, "access refused (403)")
        if status in _BUSY:
            return self._error(CameraBusy, f"too busy for a snapshot ({status})")
        if status in {204, 404, 405, 410}:
            return self._error(CameraNotVideo, f"no snapshot at this address ({status})")
        return self._error(CameraError, f"answers {status}")

    @contextmanager
    def _named(self, progress: _Progress) -> Iterator[None]:
        """Translate the driver's errors; none of them may carry the address with its query, which may hold secrets."""
        try:
            yield
        except TimeoutError as exc:
            raise self._timed_out(exc, progress) from exc
        except aiohttp.ClientConnectorError as exc:
            raise self._error(CameraUnreachable, exc.strerror or type(exc.os_error).__name__) from None
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
            kind: type[CameraError] = CameraReset if progress.answered_s is None else StreamCorrupt
            raise self._error(kind, "the connection broke") from exc
        except (aiohttp.ClientError, ValueError) as exc:
            raise self._error(CameraNotVideo, f"does not speak HTTP properly ({type(exc).__name__})") from None

    def _timed_out(self, exc: TimeoutError, progress: _Progress) -> CameraError:
        if isinstance(exc, aiohttp.ConnectionTimeoutError):
            return self._error(CameraUnreachable, "no answer to the connection attempt")
        if progress.answered_s is not None:
            return self._error(StreamStalled, f"the snapshot did not end within {self.address.timeout_s:g} s")
        return self._error(CameraSilent, f"says nothing within {self.address.timeout_s:g} s")

    def _error(self, kind: type[CameraError], detail: str) -> CameraError:
        return kind(self.address.camera_id, f"snapshot of {self._url.host}:{self._url.port}: {detail}")


@dataclass(slots=True)
class _Progress:
    answered_s: float | None = None


def _unverified() -> ssl.SSLContext:
    """Cameras sign their own certificates, often with keys that today's defaults refuse."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
