"""A simulated ONVIF device: SOAP request in, SOAP answer out; its clock, its login, its events. No sockets."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gateway.clock import Clock
from gateway.simulator import onvif_words as words
from gateway.simulator.onvif_words import Notice, ProfileFacts

# How far the time in a login may be from the device's own clock; real devices allow about as much.
LOGIN_WINDOW_S = 5.0
LONGEST_PULL_S = 20.0
MAX_SUBSCRIPTIONS = 8
MAX_QUEUED = 100  # notifications of a subscription that nobody pulls; the oldest gives way
DEFAULT_SUBSCRIPTION_S = 60.0
_MAX_NONCES = 4_096
_OPEN = frozenset(
    {"GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetServiceCapabilities", "GetWsdlUrl"}
)  # what the Core specification lets anybody ask
_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$")
_DEVICE_PATH = "/onvif/device_service"
_SERVICES = {"tds": _DEVICE_PATH, "trt": "/onvif/media", "tptz": "/onvif/ptz", "tev": "/onvif/events"}
_PULL_PATH = "/onvif/pull/"

LoginKind = Literal["token", "http"]


@dataclass(frozen=True, slots=True)
class OnvifStream:
    """A profile's stream: what it is, and where it and its snapshots are (without credentials)."""

    facts: ProfileFacts
    stream_url: str
    snapshot_url: str | None = None


@dataclass(frozen=True, slots=True)
class OnvifDeviceSpec:
    """A device to be simulated.

    Attributes:
        name: Unique among the devices; also what it calls itself.
        username, password: Empty user name: it asks nobody.
        login: "token": WS-UsernameToken in the message; "http": HTTP Digest only.
        clock_offset_s: How far its clock is ahead.
        advertised_host: The host it believes to have, in every address it gives away; None: the one it was asked at.
        presets: Token to name; empty: it cannot move.
    """

    name: str
    streams: tuple[OnvifStream, ...]
    username: str = ""
    password: str = field(default="", repr=False)
    login: LoginKind = "token"
    clock_offset_s: float = 0.0
    advertised_host: str | None = None
    presets: Mapping[str, str] = field(default_factory=dict)
    manufacturer: str = "GridPatrol"
    model: str = "Simulated camera"
    firmware: str = "1.0"

    @property
    def endpoint(self) -> str:
        """The device's lasting identity, as WS-Discovery has it."""
        return f"urn:uuid:{uuid5(NAMESPACE_URL, 'gridpatrol-simulator/' + self.name)}"

    @property
    def scopes(self) -> list[str]:
        """What it says of itself to everybody."""
        base = "onvif://www.onvif.org/"
        model = self.model.replace(" ", "%20")
        return [f"{base}type/Network_Video_Transmitter", f"{base}Profile/Streaming", f"{base}name/{self.name}",
                f"{base}hardware/{model}"]  # fmt: skip


@dataclass(slots=True)
class _Subscription:
    ends: datetime
    queue: deque[Notice] = field(default_factory=lambda: deque(maxlen=MAX_QUEUED))
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Soap:
    """One request, read."""

    operation: str
    body: Element
    root: Element
    path: str  # of the URL it came to
    base: str  # scheme, host and port by which we were asked

    def text(self, name: str) -> str:
        """Return the text of the first element of that local name; empty when there is none."""
        found = next((e for e in self.body.iter() if _local(e.tag) == name), None)
        return (found.text or "").strip() if found is not None else ""


@dataclass(frozen=True, slots=True)
class SoapAnswer:
    """Status and body."""

    status: int
    body: bytes


class _Refusal(Exception):
    def __init__(self, subcode: str, reason: str, status: int = 400) -> None:
        self.answer = SoapAnswer(status, words.fault(subcode, reason))
        super().__init__(subcode)


class OnvifDevice:
    """One device's state.

    Attributes:
        spec: What it is.
        moved_to: The preset it was last sent to; None before.
        served: Operations answered, for tests.
    """

    def __init__(self, spec: OnvifDeviceSpec, clock: Clock) -> None:
        self.spec = spec
        self.moved_to: str | None = None
        self.served: list[str] = []
        self.refused = 0
        self._clock = clock
        self._nonces: deque[str] = deque(maxlen=_MAX_NONCES)
        self._subscriptions: dict[str, _Subscription] = {}
        self._states: dict[tuple[str, str], Notice] = {}
        self._answers: dict[str, Callable[[Soap], str | Awaitable[str]]] = {
            "GetSystemDateAndTime": lambda _: words.system_date_and_time(self.now()),
            "GetServices": lambda asked: words.services(self._addresses(asked)),
            "GetCapabilities": lambda asked: words.capabilities(self._addresses(asked)),
            "GetDeviceInformation": lambda _: words.device_information(self._information()),
            "GetProfiles": lambda _: words.profiles((s.facts for s in spec.streams), ptz=bool(spec.presets)),
            "GetStreamUri": self._stream_uri,
            "GetSnapshotUri": self._snapshot_uri,
            "GetPresets": self._presets,
            "GotoPreset": self._go_to_preset,
            "CreatePullPointSubscription": self._subscribe,
            "PullMessages": self._pull,
            "Renew": self._renew,
            "Unsubscribe": self._unsubscribe,
        }

    def now(self) -> datetime:
        """Return the time by the device's own clock."""
        return self._clock.now() + timedelta(seconds=self.spec.clock_offset_s)

    def address(self, base: str) -> str:
        """Return where the device service is said to be, to one who asks at `base`."""
        return self._advertised(base) + _DEVICE_PATH

    def emit(self, topic: str, data: Mapping[str, str], source: Mapping[str, str] | None = None) -> None:
        """Notify every subscription; the state is told to later ones first of all."""
        notice = Notice(topic, self.now(), dict(data), source or {"VideoSourceConfigurationToken": "vsc"})
        self._states[topic, repr(notice.source)] = notice
        for subscription in self._subscriptions.values():
            subscription.queue.append(notice)
            subscription.news.set()

    def is_open(self, operation: str) -> bool:
        """Say whether anybody may ask this."""
        return operation in _OPEN or not self.spec.username

    async def answer(self, asked: Soap, *, admitted: bool) -> SoapAnswer:
        """Answer one request; a pull takes its time.

        Args:
            asked: The request.
            admitted: The login was checked already (HTTP Digest).
        """
        try:
            if not admitted and not self.is_open(asked.operation):
                self._check_token(asked)
            made = self._answers.get(asked.operation, _unsupported)(asked)
            body = made if isinstance(made, str) else await made
        except _Refusal as refusal:
            return refusal.answer
        self.served.append(asked.operation)
        return SoapAnswer(200, words.envelope(body))

    def _check_token(self, asked: Soap) -> None:
        token = asked.root.find(f".//{_WSSE}UsernameToken")
        given = {} if token is None else {_local(e.tag): (e.text or "").strip() for e in token}
        if not self._admits(given):
            self.refused += 1
            raise _Refusal("ter:NotAuthorized", "Sender not authorized")
        self._nonces.append(given["Nonce"])

    def _admits(self, given: Mapping[str, str]) -> bool:
        """Check digest, time and that the nonce is new."""
        try:
            nonce = b64decode(given["Nonce"], validate=True)
            created = datetime.fromisoformat(given["Created"])
        except (KeyError, ValueError, Base64Error):
            return False
        if created.tzinfo is None or abs((created - self.now()).total_seconds()) > LOGIN_WINDOW_S:
            return False
        digest = hashlib.sha1(nonce + given["Created"].encode() + self.spec.password.encode(), usedforsecurity=False)
        expected = b64encode(digest.digest())
        fresh = given["Nonce"] not in self._nonces
        return (
            fresh
            and given.get("Username") == self.spec.username
            and hmac.compare_digest(given.get("Password", "").encode(), expected)
        )

    def _advertised(self, base: str) -> str:
        if self.spec.advertised_host is None:
            return base
        scheme, _, rest = base.partition("://")
        port = rest.rpartition(":")[2]
        return f"{scheme}://{self.spec.advertised_host}:{port}"

    def _addresses(self, asked: Soap) -> dict[str, str]:
        base = self._advertised(asked.base)
        return {p: base + path for p, path in _SERVICES.items() if p != "tptz" or self.spec.presets}

    def _information(self) -> dict[str, str]:
        return {
            "Manufacturer": self.spec.manufacturer,
            "Model": self.spec.model,
            "FirmwareVersion": self.spec.firmware,
            "SerialNumber": f"SIM-{self.spec.name}",
            "HardwareId": "simulator",
        }

    def _stream(self, asked: Soap) -> OnvifStream:
        token = asked.text("ProfileToken")
        found = next((s for s in self.spec.streams if s.facts.token == token), None)
        if found is None:
            raise _Refusal("ter:NoProfile", "no such profile")
        return found

    def _stream_uri(self, asked: Soap) -> str:
        return words.media_uri("GetStreamUri", self._misplaced(self._stream(asked).stream_url))

    def _snapshot_uri(self, asked: Soap) -> str:
        url = self._stream(asked).snapshot_url
        if url is None:
            raise _Refusal("ter:ActionNotSupported", "no snapshots")
        return words.media_uri("GetSnapshotUri", self._misplaced(url))

    def _misplaced(self, url: str) -> str:
        """Put the host that the device believes in into an address."""
        host = self.spec.advertised_host
        return url if host is None else re.sub(r"//(\[[^\]]*\]|[^:/]*)", f"//{host}", url, count=1)

    def _presets(self, _: Soap) -> str:
        return words.presets(self.spec.presets)

    def _go_to_preset(self, asked: Soap) -> str:
        token = asked.text("PresetToken")
        if token not in self.spec.presets:
            raise _Refusal("ter:NoToken", "no such preset")
        self.moved_to = token
        return "<tptz:GotoPresetResponse/>"

    def _subscribe(self, asked: Soap) -> str:
        now = self.now()
        self._subscriptions = {k: s for k, s in self._subscriptions.items() if s.ends > now}
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            raise _Refusal("ter:MaximumNumberOfSubscriptionsReached", "too many subscriptions", 500)
        key = secrets.token_hex(8)
        subscription = _Subscription(now + _duration(asked.text("InitialTerminationTime")))
        subscription.queue.extend(Notice(n.topic, n.at, n.data, n.source, "Initialized") for n in self._states.values())
        self._subscriptions[key] = subscription
        return words.subscription(self._advertised(asked.base) + _PULL_PATH + key, now, subscription.ends)

    async def _pull(self, asked: Soap) -> str:
        subscription = self._subscription(asked)
        wait_s = min(_duration(asked.text("Timeout")).total_seconds(), LONGEST_PULL_S)
        limit = int(asked.text("MessageLimit") or 1)
        if not subscription.queue:
            subscription.news.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await subscription.news.wait()
            except TimeoutError:
                pass  # an answer without messages is an answer
        notices = [subscription.queue.popleft() for _ in range(min(limit, len(subscription.queue)))]
        return words.messages(self.now(), subscription.ends, notices)

    def _renew(self, asked: Soap) -> str:
        subscription = self._subscription(asked)
        subscription.ends = self.now() + _duration(asked.text("TerminationTime"))
        return words.renewed(self.now(), subscription.ends)

    def _unsubscribe(self, asked: Soap) -> str:
        self._subscription(asked)
        del self._subscriptions[asked.path.removeprefix(_PULL_PATH)]
        return "<wsnt:UnsubscribeResponse/>"

    def _subscription(self, asked: Soap) -> _Subscription:
        found = self._subscriptions.get(asked.path.removeprefix(_PULL_PATH))
        if found is None or found.ends <= self.now():
            raise _Refusal("ter:InvalidArgVal", "no such subscription", 500)
        return found

    @property
    def subscriptions(self) -> int:
        """How many subscriptions there are, expired ones that nobody asked for included."""
        return len(self._subscriptions)

    def forget_subscriptions(self) -> None:
        """Lose all subscriptions, as a device does that restarts."""
        self._subscriptions.clear()


def read_soap(data: bytes, path: str, base: str) -> Soap | None:
    """Read a request; None when it is no SOAP message."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    body = root.find(f"{{{words.SOAP_NS}}}Body")
    if body is None or len(body) == 0:
        return None
    return Soap(_local(body[0].tag), body[0], root, path, base)


def _unsupported(_: Soap) -> str:
    raise _Refusal("ter:ActionNotSupported", "not simulated")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _duration(text: str) -> timedelta:
    """Read an xs:duration of hours, minutes and seconds; what is none counts as the default."""
    found = _DURATION.match(text)
    if found is None or not any(found.groups()):
        return timedelta(seconds=DEFAULT_SUBSCRIPTION_S)
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
