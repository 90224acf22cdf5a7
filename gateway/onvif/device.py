"""One ONVIF device: what it is, what it shows, where its presets are, and what time it believes it is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import structlog

from gateway.clock import Clock
from gateway.onvif import soap
from gateway.onvif.addresses import BadAddress, bare_host, host_of, same_port, same_service, same_stream
from gateway.onvif.errors import DeviceAuthFailed, DeviceRefused, NotOnvif, OnvifError
from gateway.onvif.profiles import MediaProfile, choose_roles, read_profiles, text_of
from gateway.onvif.soap import Binding, Credentials, SoapCaller

CLOCK_TIMEOUT_S = 4.0  # the first thing asked; also what tells a device from a web server
MAX_PRESETS = 300
# The device's clock is told in whole seconds, cut off: half a second later on average.
_HALF_TICK_S = 0.5
_STREAM_SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """What a device says it is; empty where it does not say."""

    manufacturer: str
    model: str
    firmware: str
    serial: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A position to which the device can turn."""

    token: str
    name: str


class OnvifDevice:
    """A device, asked on connections of its own; an async context manager. Safe for one caller at a time.

    Entering reads the clock as anybody, so that the login is dated by it, and then the services.

    Args:
        address: Of the device service, as it is reached from here.
        credentials: None: ask as anybody.
        clock: Ours.

    Attributes:
        clock_offset_s: How far its clock is ahead of ours; None: it does not tell.
        rewritten: Some address that it gave named another host.
    """

    def __init__(self, address: str, credentials: Credentials | None, clock: Clock) -> None:
        self.address = address
        self.clock_offset_s: float | None = None
        self.rewritten = False
        self._clock = clock
        self._caller = SoapCaller(credentials)
        self._services: dict[str, str] = {}
        self._ports_hold = False  # its ports are those by which it is reached, whatever host it names
        self._stack = AsyncExitStack()

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return host_of(self.address)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._caller)
            await self._caller.prepare(soap.DEVICE)  # before the clock is asked: its offset is told to a second
            await self._read_clock()
            await self._read_services()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def offers(self, binding: Binding) -> bool:
        """Say whether the device has this service."""
        return binding.namespace in self._services

    async def information(self) -> DeviceInformation:
        """Ask what it is; the first call that needs the right password.

        Raises:
            OnvifError: Of the kind that says why not.
        """
        answer = await self._caller.call(soap.DEVICE, self.address, "GetDeviceInformation")
        names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
        return DeviceInformation(*(text_of(getattr(answer, name, None)) for name in names))

    async def profiles(self) -> list[MediaProfile]:
        """Ask for profiles and their streams, main and sub chosen, and for the main ones' snapshots.

        Raises:
            OnvifError: It has no media service, or does not answer.
        """
        found = read_profiles(await self.call(soap.MEDIA, "GetProfiles"))
        chosen = choose_roles([replace(p, stream_url=await self._stream_url(p.token)) for p in found])
        return [await self._with_snapshot(p) if p.role == "main" else p for p in chosen]

    async def presets(self, profiles: Iterable[MediaProfile]) -> list[Preset]:
        """Ask for the presets of the first profile that can move; none where nothing moves.

        Raises:
            OnvifError: It does not answer.
        """
        movable = next((p for p in profiles if p.movable), None)
        if movable is None or not self.offers(soap.PTZ):
            return []
        answer = await self.call(soap.PTZ, "GetPresets", ProfileToken=movable.token)
        found = [(text_of(getattr(p, "token", None)), text_of(getattr(p, "Name", None))) for p in answer or []]
        return [Preset(token, name or token) for token, name in found[:MAX_PRESETS] if token]

    async def go_to_preset(self, profile_token: str, preset_token: str) -> None:
        """Turn to a preset; returns when the device has understood, not when it has arrived.

        Raises:
            OnvifError: It does not answer, or knows of no such preset.
        """
        await self.call(soap.PTZ, "GotoPreset", ProfileToken=profile_token, PresetToken=preset_token)

    async def call(
        self,
        binding: Binding,
        operation: str,
        *,
        at: str | None = None,
        limit_s: float = soap.CALL_TIMEOUT_S,
        **named: Any,
    ) -> Any:
        """Call an operation of a service, logged in.

        Args:
            binding: Which service.
            operation: Its name.
            at: Another address than the service's, for a subscription.
            limit_s: For the whole of it.
            named: The operation's parameters.

        Raises:
            OnvifError: Of the kind that says why not; `NotOnvif` where the device has no such service.
        """
        address = at or self._services.get(binding.namespace)
        if address is None:
            raise NotOnvif(self.host, operation, "no such service")
        return await self._caller.call(binding, address, operation, named, limit_s=limit_s)

    def reachable(self, advertised: str) -> str:
        """Return an address that the device gave, on the host by which it is reached.

        Raises:
            NotOnvif: It is none.
        """
        try:
            address = same_service(advertised, self.address, ports_hold=self._ports_hold)
        except BadAddress as exc:
            raise NotOnvif(self.host, "address", str(exc)) from exc
        self.rewritten |= bare_host(advertised) != bare_host(self.address)
        return address

    async def _read_clock(self) -> None:
        """Learn how far its clock is off. Some ask for a login even here: then ours is dated by our own clock."""
        asked_s, asked = self._clock.monotonic(), self._clock.now()
        answer = await self._ask_clock()
        took_s = self._clock.monotonic() - asked_s
        told = _utc_of(answer)
        if told is None:
            return
        middle = asked + timedelta(seconds=took_s / 2)
        self.clock_offset_s = round((told - middle).total_seconds() + _HALF_TICK_S, 1)
        self._caller.clock_offset = timedelta(seconds=self.clock_offset_s)

    async def _ask_clock(self) -> Any:
        ask = "GetSystemDateAndTime"
        try:
            return await self._caller.call(soap.DEVICE, self.address, ask, limit_s=CLOCK_TIMEOUT_S, login=False)
        except (DeviceAuthFailed, DeviceRefused):
            with suppress(DeviceRefused):
                return await self._caller.call(soap.DEVICE, self.address, ask, limit_s=CLOCK_TIMEOUT_S)
        return None

    async def _read_services(self) -> None:
        """Learn the services' addresses; older devices know GetCapabilities only."""
        try:
            answer = await self._caller.call(soap.DEVICE, self.address, "GetServices", {"IncludeCapability": False})
            told = [(getattr(s, "Namespace", None), getattr(s, "XAddr", None)) for s in answer or []]
        except (DeviceRefused, NotOnvif):
            told = []
        if not any(namespace == soap.MEDIA.namespace for namespace, _ in told):
            told += await self._from_capabilities()
        self._ports_hold = any(same_port(text_of(address), self.address) for _, address in told if address)
        for namespace, address in told:
            if namespace and address and namespace not in self._services:
                self._services[namespace] = self.reachable(text_of(address))

    async def _from_capabilities(self) -> list[tuple[str, Any]]:
        answer = await self._caller.call(soap.DEVICE, self.address, "GetCapabilities", {"Category": ["All"]})
        parts = {"Media": soap.MEDIA, "PTZ": soap.PTZ, "Events": soap.EVENTS}
        told = {binding: getattr(getattr(answer, name, None), "XAddr", None) for name, binding in parts.items()}
        return [(binding.namespace, address) for binding, address in told.items()]

    async def _with_snapshot(self, profile: MediaProfile) -> MediaProfile:
        return replace(profile, snapshot_url=await self._snapshot_url(profile.token))

    async def _stream_url(self, token: str) -> str | None:
        """Return where a profile's stream is; None for one that has none (metadata only)."""
        try:
            answer = await self.call(soap.MEDIA, "GetStreamUri", StreamSetup=_STREAM_SETUP, ProfileToken=token)
            advertised = text_of(getattr(answer, "Uri", None))
            self.rewritten |= bare_host(advertised) != bare_host(self.address)
            return same_stream(advertised, self.address)
        except (DeviceRefused, BadAddress):
            return None

    async def _snapshot_url(self, token: str) -> str | None:
        """Return where a profile's still picture is; many devices have none, or fail when asked."""
        try:
            answer = await self.call(soap.MEDIA, "GetSnapshotUri", ProfileToken=token)
            return self.reachable(text_of(getattr(answer, "Uri", None)))
        except OnvifError as exc:
            logger.debug("no snapshot address", host=self.host, cause=str(exc))
            return None


def _utc_of(answer: Any) -> datetime | None:
    moment = getattr(answer, "UTCDateTime", None)
    day, time = getattr(moment, "Date", None), getattr(moment, "Time", None)
    try:
        return datetime(day.Year, day.Month, day.Day, time.Hour, time.Minute, min(time.Second, 59), tzinfo=UTC)  # type: ignore[union-attr]
    except (AttributeError, TypeError, ValueError):
        return None
