"""SOAP calls to a device over onvif-zeep-async's documents, login and transport, with bounds and typed errors.

The library's own camera class is not used: it reads answers of any length, follows redirects, keeps a connection pool
per service, and its renewals run in tasks that nobody awaits.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import zeep.exceptions
from zeep.plugins import Plugin
from zeep.settings import Settings

from gateway.onvif.addresses import host_of
from gateway.onvif.errors import (
    DeviceAuthFailed,
    DeviceClockOff,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
    NotOnvif,
    OnvifError,
)
from gateway.onvif.library import (
    WSDL_DIR,
    Addressing,
    LibraryTransport,
    LoginToken,
    SoapClient,
    service_description,
)
from gateway.onvif.safe_xml import MAX_MESSAGE_BYTES, UnsafeXml, check_prologue, local_name

CONNECT_TIMEOUT_S = 3.0  # as for streams and snapshots
CALL_TIMEOUT_S = 6.0  # small devices take a second or two for GetProfiles while they encode
# Longer than the pause between two pulls, shorter than what the leanest devices keep open.
KEEP_ALIVE_S = 15.0
_MAX_CONNECTIONS = 2  # at once; devices serve few

# Sloppy devices are read as far as they can be (strict off); depth and length keep the parser's own limits.
_SETTINGS = Settings(strict=False, xml_huge_tree=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)
_DENIED = frozenset(
    {"NotAuthorized", "FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken", "Unauthorized"}
)
_TIME_CODES = frozenset({"MessageExpired", "InvalidTimestamp"})
_TIME_WORDS = ("time check failed", "timestamp")
_DENIED_WORDS = ("not authorized", "unauthorized")
_MAX_CODE = 80  # characters of a fault's code that are shown
# What zeep raises of its own accord while it makes objects of an answer that is not as the schema says.
_MISREAD = (zeep.exceptions.Error, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)


class Binding(NamedTuple):
    """A part of a service: its description's file, namespace and name."""

    file: str
    namespace: str
    name: str


DEVICE = Binding("devicemgmt.wsdl", "http://www.onvif.org/ver10/device/wsdl", "DeviceBinding")
MEDIA = Binding("media.wsdl", "http://www.onvif.org/ver10/media/wsdl", "MediaBinding")
PTZ = Binding("ptz.wsdl", "http://www.onvif.org/ver20/ptz/wsdl", "PTZBinding")
EVENTS = Binding("events.wsdl", "http://www.onvif.org/ver10/events/wsdl", "EventBinding")
PULL_POINT = EVENTS._replace(name="PullPointSubscriptionBinding")
SUBSCRIPTION = EVENTS._replace(name="SubscriptionManagerBinding")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a device; no repr shows the password."""

    username: str
    password: str = field(default="", repr=False)


class _HttpRefused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


class SoapCaller:
    """Calls of one device, on connections that it keeps; an async context manager.

    Attributes:
        clock_offset: How far the device's clock is ahead: logins are dated by its clock, not ours.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self.clock_offset = timedelta(0)
        self._credentials = credentials
        self._session: aiohttp.ClientSession | None = None
        self._transport: _Transport | None = None
        self._clients: dict[tuple[Binding, bool, timedelta], SoapClient] = {}

    async def __aenter__(self) -> Self:
        digest = () if self._credentials is None else (_digest(self._credentials),)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S, ssl=_unverified()),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            middlewares=digest,
        )
        self._transport = _Transport(self._session, verify_ssl=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def prepare(self, binding: Binding) -> None:
        """Read a service's description, which takes a while the first time: no time of the device's."""
        await service_description(str(WSDL_DIR / binding.file))

    async def call(
        self,
        binding: Binding,
        address: str,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        limit_s: float = CALL_TIMEOUT_S,
        login: bool = True,
    ) -> Any:
        """Call an operation and return what zeep makes of the answer.

        Args:
            binding: Which service.
            address: Where it is.
            operation: Its name.
            parameters: By name.
            limit_s: For the whole of it, once the service's description is read.
            login: False: as anybody.

        Raises:
            OnvifError: Of the kind that says why.
        """
        client = await self._client(binding, login=login)
        with _named(host_of(address), operation):
            async with asyncio.timeout(limit_s):
                proxy = client.create_service(f"{{{binding.namespace}}}{binding.name}", address)
                return await proxy[operation](**dict(parameters or {}))

    async def _client(self, binding: Binding, *, login: bool) -> SoapClient:
        key = (binding, login, self.clock_offset)
        if key not in self._clients:
            document = await service_description(str(WSDL_DIR / binding.file))
            self._clients[key] = SoapClient(
                wsdl=document,
                wsse=self._token() if login else None,
                transport=self._transport,
                settings=_SETTINGS,
                plugins=[Addressing(), _Expected()],
            )
        return self._clients[key]

    def _token(self) -> LoginToken | None:
        if self._credentials is None:
            return None
        who = self._credentials
        return LoginToken(who.username, who.password, dt_diff=self.clock_offset, use_digest=True)


class _Expected(Plugin):
    """Lets pass only the answer to what was asked: zeep makes an empty object of any other message.

    Faults are read here: zeep stumbles over codes whose prefix the device has not declared.
    """

    def ingress(self, envelope: Any, http_headers: Any, operation: Any) -> tuple[Any, Any]:
        body = next((part for part in envelope if local_name(str(part.tag)) == "Body"), ())
        found = {local_name(str(child.tag)): child for child in body}
        if "Fault" in found:
            raise _Faulted(found["Fault"])
        if f"{operation.name}Response" not in found:
            raise UnsafeXml("another answer")
        return envelope, http_headers


class _Faulted(Exception):
    def __init__(self, fault: Any) -> None:
        texts = [(local_name(str(e.tag)), (e.text or "").strip()) for e in fault.iter()]
        self.codes = [text.rpartition(":")[2] for name, text in texts if name in {"Value", "faultcode"}]
        self.words = " ".join(text for name, text in texts if name in {"Text", "faultstring"}).lower()
        super().__init__()


class _Transport(LibraryTransport):  # type: ignore[misc]  # the library is untyped
    """The library's transport, but for reading: a bounded answer, from this address only, without document type."""

    async def _post_internal(
        self, address: str, message: str | bytes, headers: dict[str, str]
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        data = message.encode() if isinstance(message, str) else message
        named = {"User-Agent": "GridPatrol", "Content-Type": "application/soap+xml", **headers}
        async with self.session.post(address, data=data, headers=named, allow_redirects=False) as response:
            content = await _bounded(response)
        if response.status != 200 and b"Fault" not in content:
            raise _HttpRefused(response.status)
        check_prologue(content)
        return response, content


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    pieces = bytearray()
    async for piece in response.content.iter_any():
        pieces += piece
        if len(pieces) > MAX_MESSAGE_BYTES:
            raise UnsafeXml("too long")
    return bytes(pieces)


@contextmanager
def _named(host: str, operation: str) -> Iterator[None]:
    """Translate once what the library, the network and the device say; no cause is kept that quotes a message."""
    try:
        yield
    except TimeoutError as exc:
        kind = DeviceUnreachable if isinstance(exc, aiohttp.ConnectionTimeoutError) else DeviceTimeout
        raise kind(host, operation) from None
    except _HttpRefused as exc:
        raise _by_status(host, operation, exc.status) from None
    except aiohttp.ClientError as exc:
        raise _by_network(host, operation, exc) from None
    except _Faulted as exc:
        raise _by_fault(host, operation, exc) from None
    except _MISREAD as exc:
        raise NotOnvif(host, operation, type(exc).__name__) from None


def _by_status(host: str, operation: str, status: int) -> OnvifError:
    if status in {401, 403}:
        return DeviceAuthFailed(host, operation, str(status))
    return NotOnvif(host, operation, f"answers {status}")


def _by_network(host: str, operation: str, exc: aiohttp.ClientError) -> OnvifError:
    if isinstance(exc, aiohttp.ClientConnectionError):
        return DeviceUnreachable(host, operation, type(exc).__name__)
    return NotOnvif(host, operation, type(exc).__name__)


def _by_fault(host: str, operation: str, exc: _Faulted) -> OnvifError:
    if _TIME_CODES & {*exc.codes} or any(words in exc.words for words in _TIME_WORDS):
        return DeviceClockOff(host, operation)
    if _DENIED & {*exc.codes} or any(words in exc.words for words in _DENIED_WORDS):
        return DeviceAuthFailed(host, operation)
    return DeviceRefused(host, operation, exc.codes[-1][:_MAX_CODE] if exc.codes else "fault")


def _digest(credentials: Credentials) -> aiohttp.DigestAuthMiddleware:
    return aiohttp.DigestAuthMiddleware(credentials.username, credentials.password)


@cache
def _unverified() -> ssl.SSLContext:
    """Cameras sign their own certificates, often with keys that today's defaults refuse."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
