"""Cameras being onboarded: reached, logged in to, looked at, and kept in memory for half an hour until they are saved.

The password lives here only, under the connection's id and for the account that typed it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from camera_configs.models import CameraConfig, SiteConfig, StreamConfig
from gateway.camera.snapshots.client import SnapshotAddress, SnapshotClient, SnapshotConnections
from gateway.camera.stream_probe import StreamProbe, probe_stream
from gateway.clock import Clock
from gateway.errors import CameraError, GridPatrolError, NotFound
from gateway.onvif.addresses import bare_host
from gateway.onvif.device import DeviceInformation, OnvifDevice, Preset
from gateway.onvif.errors import OnvifError
from gateway.onvif.profiles import MediaProfile
from gateway.onvif.quirks import Quirk, quirks_of, signs_of
from gateway.onvif.searches import Searches
from gateway.onvif.soap import EVENTS, Credentials

KEEP_S = 1800.0
MAX_KEPT = 128
# A device with many profiles that answers each of some ten questions slowly, but does answer.
CONNECT_TIMEOUT_S = 40.0
# Threads that watch a stream for seconds; more would starve the rest of this process.
MAX_PROBES = 4
SNAPSHOT_TIMEOUT_S = 5.0
STREAM_TOKEN = "stream"  # noqa: S105  of the one profile of a camera that is given by its stream's address
MAX_PROBED = 2  # main and sub

# What the camera page calls it, to what the wizard calls it.
_CODES = {
    "unreachable": "unreachable",
    "reset": "unreachable",
    "auth_failed": "auth_failed",
    "silent": "timeout",
    "stalled": "timeout",
}
_NO_VIDEO = "no_video"


class OnboardingFailed(GridPatrolError):
    """A camera could not be reached or watched; `code` is the interface's word."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(code, detail)


class TooManyConnections(GridPatrolError):
    """More cameras are being onboarded at once than anybody can mean."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One camera that was reached.

    Attributes:
        owner: Account id.
        host: Where it is; streams that are saved must be there too.
        device: None: given by its stream's address.
        address: Of the device service; "" without one.
        has_events: The device offers its events.
    """

    id: str
    owner: str
    began_s: float
    host: str
    credentials: Credentials | None
    device: DeviceInformation | None = None
    clock_offset_s: float | None = None
    profiles: tuple[MediaProfile, ...] = ()
    presets: tuple[Preset, ...] = ()
    quirks: tuple[Quirk, ...] = ()
    address: str = ""
    has_events: bool = False
    pictures: dict[str, bytes] = field(default_factory=dict, repr=False)  # by profile token

    @property
    def main(self) -> MediaProfile:
        """The main stream's profile; the first with a stream where none is main."""
        return next((p for p in self.profiles if p.role == "main"), None) or next(
            p for p in self.profiles if p.stream_url
        )

    def profile(self, token: str) -> MediaProfile:
        """Return a profile; raises NotFound."""
        found = next((p for p in self.profiles if p.token == token), None)
        if found is None:
            raise NotFound(token)
        return found


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe of one stream came to: a `StreamProbe`, or the code of what stood in its way."""

    token: str
    probe: StreamProbe | None = None
    code: str | None = None


class OnboardingDesk:
    """Everything that is being found and onboarded by this process.

    Attributes:
        searches: Run them: `run`.
    """

    def __init__(self, clock: Clock) -> None:
        self.searches = Searches(clock)
        self._clock = clock
        self._kept: dict[str, Connection] = {}
        self._hosts: tuple[SiteConfig, dict[str, CameraConfig]] | None = None
        self._devices: tuple[SiteConfig, dict[str, CameraConfig]] | None = None
        self._probing = asyncio.Semaphore(MAX_PROBES)

    async def run(self) -> None:
        """Run searches; connections need nobody to run them."""
        await self.searches.run()

    def cameras_at(self, site: SiteConfig) -> Mapping[str, CameraConfig]:
        """Return the first camera of each host; made once per site, for a city has 15,000 cameras."""
        if self._hosts is None or self._hosts[0] is not site:
            at = {bare_host(stream.url): camera for camera in reversed(site.cameras) for stream in camera.streams}
            self._hosts = site, at
        return self._hosts[1]

    def cameras_of(self, site: SiteConfig) -> Mapping[str, CameraConfig]:
        """Return the first camera of each device service's address, where that was written down."""
        if self._devices is None or self._devices[0] is not site:
            known = {camera.onvif.url: camera for camera in reversed(site.cameras) if camera.onvif is not None}
            self._devices = site, known
        return self._devices[1]

    async def connect_device(self, owner: str, address: str, credentials: Credentials | None) -> Connection:
        """Reach a device, log in, and learn what it offers.

        Raises:
            OnboardingFailed: With the reason's code; a wrong password is tried once only.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S), OnvifDevice(address, credentials, self._clock) as device:
                information = await device.information()
                profiles = await device.profiles()
                presets = await _presets(device, profiles)
                has_events = device.offers(EVENTS)
        except TimeoutError as exc:
            raise OnboardingFailed("timeout", "the device takes too long") from exc
        except OnvifError as exc:
            raise OnboardingFailed("not_onvif" if exc.code == "refused" else exc.code, str(exc)) from exc
        if not any(p.stream_url for p in profiles):
            raise OnboardingFailed(_NO_VIDEO, "the device offers no stream")
        signs = signs_of(device.clock_offset_s, profiles, rewritten=device.rewritten)
        return self._keep(
            Connection(
                id=_new_id(),
                owner=owner,
                began_s=self._clock.monotonic(),
                host=bare_host(address),
                credentials=credentials,
                device=information,
                clock_offset_s=device.clock_offset_s,
                profiles=tuple(profiles),
                presets=tuple(presets),
                quirks=tuple(quirks_of(information.manufacturer, information.model, signs)),
                address=address,
                has_events=has_events,
            )
        )

    async def connect_stream(self, owner: str, address: str, credentials: Credentials | None) -> Connection:
        """Reach a camera by its stream's address: the stream itself is the proof.

        Raises:
            OnboardingFailed: With the reason's code.
        """
        stream = MediaProfile(token=STREAM_TOKEN, name=STREAM_TOKEN, role="main", stream_url=address)
        draft = Connection(
            id=_new_id(),
            owner=owner,
            began_s=self._clock.monotonic(),
            host=bare_host(address),
            credentials=credentials,
            profiles=(stream,),
        )
        probe = await self._watched(draft, address)
        seen = MediaProfile(
            token=STREAM_TOKEN,
            name=STREAM_TOKEN,
            codec=probe.codec,
            width=probe.width,
            height=probe.height,
            fps=probe.fps or 0.0,
            bitrate_kbps=round(probe.bitrate_kbps or 0),
            role="main",
            stream_url=address,
        )
        return self._keep(
            Connection(
                id=draft.id,
                owner=owner,
                began_s=draft.began_s,
                host=draft.host,
                credentials=credentials,
                clock_offset_s=probe.clock_offset_s,
                profiles=(seen,),
                pictures={STREAM_TOKEN: probe.jpeg},
            )
        )

    def get(self, connection_id: str, owner: str) -> Connection:
        """Return a connection of this account.

        Raises:
            NotFound: There is none, none any more, or it is somebody else's.
        """
        self._forget_old()
        kept = self._kept.get(connection_id)
        if kept is None or kept.owner != owner:
            raise NotFound(connection_id)
        return kept

    def forget(self, connection_id: str) -> None:
        """Let go of a connection and its password; fine when there is none."""
        self._kept.pop(connection_id, None)

    async def probe(self, connection: Connection, tokens: Sequence[str]) -> list[Probed]:
        """Watch the streams of some profiles, one after the other; keeps a picture of each.

        Raises:
            NotFound: No such profile.
        """
        profiles = [connection.profile(token) for token in tokens[:MAX_PROBED]]
        return [await self._probed(connection, profile.token, profile.stream_url) for profile in profiles]

    async def probe_address(self, connection: Connection, address: str) -> Probed:
        """Watch a stream of the same camera that no profile names."""
        return await self._probed(connection, STREAM_TOKEN, address)

    async def picture(self, connection: Connection, token: str) -> bytes:
        """Return a picture of a profile as JPEG: the one of its probe, its snapshot, or a keyframe fetched now.

        Raises:
            NotFound: No such profile.
            OnboardingFailed: With the reason's code.
        """
        profile = connection.profile(token)
        if token not in connection.pictures:
            fetched = await self._snapshot(connection, profile)
            if fetched is None:
                fetched = (await self._watched(connection, profile.stream_url)).jpeg
            connection.pictures[token] = fetched
        return connection.pictures[token]

    async def _probed(self, connection: Connection, token: str, address: str | None) -> Probed:
        try:
            probe = await self._watched(connection, address)
        except OnboardingFailed as exc:
            return Probed(token, code=exc.code)
        connection.pictures[token] = probe.jpeg
        return Probed(token, probe)

    async def _watched(self, connection: Connection, address: str | None) -> StreamProbe:
        """Watch in a thread: it ends by itself within 20 s, whoever has stopped waiting."""
        if address is None:
            raise OnboardingFailed(_NO_VIDEO, "this profile has no stream")
        who = connection.credentials
        stream = StreamConfig(url=address, username=None if who is None else who.username)
        try:
            async with self._probing:
                return await asyncio.to_thread(probe_stream, stream, None if who is None else who.password)
        except CameraError as exc:
            raise OnboardingFailed(_CODES.get(exc.state, _NO_VIDEO), exc.detail) from exc

    async def _snapshot(self, connection: Connection, profile: MediaProfile) -> bytes | None:
        if profile.snapshot_url is None:
            return None
        who = connection.credentials
        address = SnapshotAddress(
            camera_id="onboarding",
            url=profile.snapshot_url,
            username=None if who is None else who.username,
            password=None if who is None else who.password,
            timeout_s=SNAPSHOT_TIMEOUT_S,
        )
        async with SnapshotConnections() as connections:
            try:
                return (await SnapshotClient(address, connections, self._clock).fetch()).jpeg
            except CameraError:  # many cameras name a snapshot that they do not serve: the stream is asked then
                return None

    def _keep(self, connection: Connection) -> Connection:
        self._forget_old()
        if len(self._kept) >= MAX_KEPT:
            raise TooManyConnections
        self._kept[connection.id] = connection
        return connection

    def _forget_old(self) -> None:
        now_s = self._clock.monotonic()
        self._kept = {k: c for k, c in self._kept.items() if now_s - c.began_s < KEEP_S}


async def _presets(device: OnvifDevice, profiles: Sequence[MediaProfile]) -> list[Preset]:
    """Presets are worth having, never worth failing for."""
    try:
        return await device.presets(profiles)
    except OnvifError:
        return []


def _new_id() -> str:
    return f"conn_{secrets.token_hex(16)}"
