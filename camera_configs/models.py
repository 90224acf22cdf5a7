"""The typed configuration: what is watched, where, why and by which rules.

Frozen and strict: unknown keys are errors. Units stand in the names (`_s`, `_px`, `_fps`). Polygons are normalised,
0-1 of the full picture, origin top left; positions are WGS-84.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, field_serializer, model_validator

from camera_configs.base import ConfigModel as ConfigModel
from camera_configs.base import Identifier as Identifier
from camera_configs.base import Name as Name
from camera_configs.base import RegionCode as RegionCode
from camera_configs.base import Severity as Severity
from camera_configs.calendar import CalendarYear, WorkDays
from camera_configs.geometry import LonLat, Point, check_arrow, check_polygon
from camera_configs.perspective import PerspectiveConfig
from camera_configs.taxonomy import EVENT_TYPES, EventTypeSpec


def _check_stream_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"rtsp", "rtsps", "file"}:
        raise ValueError("must start with rtsp://, rtsps:// or file://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user name or password; use `username` and `password_env`")
    if parts.scheme != "file" and not parts.hostname:
        raise ValueError("has no host")
    return url


def _check_snapshot_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must start with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user name or password; use `username` and `password_env`")
    if not parts.hostname:
        raise ValueError("has no host")
    return url


StreamUrl = Annotated[str, AfterValidator(_check_stream_url)]
SnapshotUrl = Annotated[str, AfterValidator(_check_snapshot_url)]
DeviceToken = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]


# What a browser or an import was given: sealed with a key that lies outside the database.
_SEALED = Field(
    default=None, pattern=r"^[A-Za-z0-9._=-]{1,2000}$", description="A password that GridPatrol sealed itself."
)


def _at_most_one_password(*given: object) -> None:
    if sum(each is not None for each in given) > 1:
        raise ValueError("give one of `password_env`, `password_sealed` and `password`, not several")


ObjectGroup = Literal["person", "vehicle", "nonmotor", "animal"]


class RegionConfig(ConfigModel):
    """An administrative region."""

    code: RegionCode
    name: Name


class GridWorker(ConfigModel):
    """The person who looks after a grid, by account name; nothing more is kept here."""

    account: Identifier
    name: Name


class GridConfig(ConfigModel):
    """A grid (网格): 300-500 households and the worker who looks after them."""

    id: Identifier
    code: str = Field(min_length=1, max_length=32, description="The grid's official code; opaque to GridPatrol.")
    name: Name
    kind: Literal["base", "dedicated"] = "base"
    region_code: RegionCode
    polygon: tuple[LonLat, ...] = Field(default=(), description="Outline as [longitude, latitude] pairs, WGS-84.")
    workers: tuple[GridWorker, ...] = ()


class Position(ConfigModel):
    """Where a camera stands, and where it looks."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    place: str = Field(default="", max_length=200, description="The place in words, as a grid worker says it.")
    heading_deg: float | None = Field(default=None, ge=0, lt=360)


class StreamConfig(ConfigModel):
    """One stream of a camera."""

    url: StreamUrl
    role: Literal["main", "sub"] = "main"
    transport: Literal["tcp", "udp"] = "tcp"
    username: str | None = None
    # The name of an environment variable: secrets do not stand in files that are kept in git.
    password_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]*$")
    # A plain secret is allowed for trials; it is never shown, logged or exported.
    password: SecretStr | None = None
    password_sealed: str | None = _SEALED
    # Ten packets at the slowest rate we accept (1 fps). Also the longest that stopping this camera may take.
    read_timeout_s: float = Field(default=10.0, gt=1, le=60)
    open_timeout_s: float = Field(default=8.0, gt=1, le=60)
    reader: Literal["auto", "ffmpeg"] = Field(
        default="auto",
        description="auto: our own receiver for H.264 and H.265, FFmpeg for the rest; ffmpeg: FFmpeg for a camera that"
        " our own receiver does not get on with, at several times the cost.",
    )

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        _at_most_one_password(self.password, self.password_env, self.password_sealed)
        return self


class SnapshotConfig(ConfigModel):
    """The camera's own still picture over HTTP, a JPEG: slow rules are watched by it alone, without a stream."""

    url: SnapshotUrl
    username: str | None = Field(default=None, description="For Basic and Digest, whichever the camera asks for.")
    password_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]*$")
    # As for streams: for trials only, never shown, logged or exported.
    password: SecretStr | None = None
    password_sealed: str | None = _SEALED
    # A sound camera answers within a second; one that needs longer than this is better watched by its stream.
    timeout_s: float = Field(default=5.0, gt=0.5, le=30)

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        _at_most_one_password(self.password, self.password_env, self.password_sealed)
        return self


class OnvifConfig(ConfigModel):
    """The camera's own device service: what it believes to see is a reason to look, never an event."""

    url: SnapshotUrl = Field(description="Of the device service: http://10.1.2.3/onvif/device_service.")
    username: str | None = None
    password_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]*$")
    # As for streams: for trials only, never shown, logged or exported.
    password: SecretStr | None = None
    password_sealed: str | None = _SEALED
    profiles: tuple[DeviceToken, ...] = Field(
        default=(), max_length=2, description="Tokens of the media profiles of the streams, main first."
    )
    sources: tuple[DeviceToken, ...] = Field(
        default=(),
        max_length=4,
        description="Tokens by which the device names this camera's picture in events: of a recorder, its channel.",
    )
    events: bool = Field(default=True, description="Listen to its motion, tampering and loss of signal as hints.")

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        _at_most_one_password(self.password, self.password_env, self.password_sealed)
        return self


class LegalCard(ConfigModel):
    """Why this camera may be used, for what: Order 799 art. 7-14, PIPL art. 26. Deny by default."""

    purpose: Name = Field(description="What the pictures are used for, as on the sign (art. 13).")
    legal_basis: Literal["art7_gov", "art7_operator", "art9_site"]
    installer_unit: Name
    placement_class: Literal[
        "public_road",
        "public_square",
        "park_green",
        "waterside",
        "forest",
        "community_outdoor",
        "site_perimeter",
        "facility",
    ] = Field(
        description="Places forbidden by art. 8 (rooms, toilets, changing rooms ...) have no class and are refused."
    )
    signage_confirmed: bool = False
    event_types: tuple[str, ...] = Field(
        default=(), description="Event types this purpose covers; empty: those of the rules given, none else."
    )


# The picture itself lies with the evidence, named by its content; see `gateway.web.view_api`.
PictureId = Annotated[
    str,
    StringConstraints(pattern=r"^ref_[0-9a-f]{32}$"),
    Field(description="A kept reference picture, as the zone editor names it."),
]
# By day, at dusk, by night, in snow: more than these are not kept of one view.
MAX_REFERENCES = 4


class PresetConfig(ConfigModel):
    """A view that a camera that turns comes back to; zones may belong to it."""

    id: Identifier
    name: Name
    token: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="What the device calls it (ONVIF); a note for people, GridPatrol never steers a camera.",
    )
    references: tuple[PictureId, ...] = Field(
        default=(),
        max_length=MAX_REFERENCES,
        description="What the camera shows there, by which the view is known again; zones are drawn on the first.",
    )


class ZoneConfig(ConfigModel):
    """A part of a camera's picture."""

    id: Identifier
    name: Name
    kind: Literal["area", "line", "privacy_mask", "ignore"] = "area"
    polygon: tuple[Point, ...]
    grid: Identifier | None = Field(
        default=None, description="Events here belong to this grid, not the camera's first."
    )
    # From, to. Only its direction counts, not where it lies.
    arrow: Annotated[tuple[Point, Point] | None, AfterValidator(check_arrow)] = Field(
        default=None, description="The way things go here: of an area for wrong_way, of a line for who crosses it."
    )
    count: tuple[ObjectGroup, ...] = Field(
        default=(), description="Kinds counted as they cross this line, by the hour, along and against `arrow`."
    )
    preset: Identifier | None = Field(
        default=None, description="In force while the camera shows this preset; None: in every view."
    )

    @model_validator(mode="after")
    def _sound_shape(self) -> Self:
        check_polygon(self.polygon, line=self.kind == "line")
        return self


class ScheduleConfig(ConfigModel):
    """When a rule is armed, in local time: all that is given must hold. Empty lists mean always."""

    days: Literal["every", "working", "off"] = Field(
        default="every", description="working, off: by the site's calendar, which knows holidays and make-up days."
    )
    light: Literal["any", "day", "night"] = Field(
        default="any", description="day: from sunrise to sunset where the camera stands; night: the rest."
    )
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    start: time = time(0, 0)
    end: time = Field(default=time(0, 0), description="Earlier than or equal to `start`: runs over midnight.")
    not_on: tuple[date, ...] = ()

    @field_serializer("start", "end", when_used="json")
    def _as_people_write_it(self, moment: time) -> str:
        return moment.isoformat("auto" if moment.second or moment.microsecond else "minutes")


class RuleConfig(ConfigModel):
    """What is flagged in a zone, and how patiently."""

    id: Identifier
    type: str = Field(description="Event type of the taxonomy, for example `zone_intrusion`.")
    zone: Identifier | None = Field(default=None, description="None: the whole picture.")
    objects: tuple[ObjectGroup, ...] = ()
    # None: the taxonomy's default for the type.
    dwell_s: float | None = Field(default=None, ge=0, le=86_400)
    cadence_s: float | None = Field(default=None, gt=0, le=3_600, description="At least one look per so many seconds.")
    clear_s: float = Field(default=10.0, gt=0, le=3_600, description="Gone for this long before the event ends.")
    cool_down_s: float = Field(default=60.0, ge=0, le=86_400, description="Silence after an event before the next.")
    min_count: int = Field(default=1, ge=1, le=1_000)
    min_confidence: float = Field(default=0.35, ge=0.05, le=1)
    # Smaller things are taken for leaves and insects; 0.002 of a 1080p picture is about 64 x 64 px.
    min_area: float = Field(default=0.002, ge=0, le=1, description="Share of the picture.")
    # None: 0.35, where a rule asks for it.
    min_share: float | None = Field(
        default=None, gt=0, le=1, description="Share of the zone that slow vehicles must cover: congestion."
    )
    severity: Severity | None = None
    auto_report: bool = Field(default=False, description="Open the case without waiting for a person.")
    schedule: ScheduleConfig = ScheduleConfig()
    enabled: bool = True


class CameraConfig(ConfigModel):
    """A camera, its streams, what it may be used for, its zones and rules."""

    id: Identifier
    name: Name
    grids: tuple[Identifier, ...] = Field(min_length=1, description="The first grid owns the events.")
    position: Position
    streams: tuple[StreamConfig, ...] = Field(min_length=1, max_length=2)
    analyse: Literal["auto", "main", "sub"] = Field(
        default="auto",
        description="auto: the substream where there is one, unless only the main stream has keyframes often enough;"
        " sub: the substream, however rare its keyframes; both take the main stream while the substream cannot be had;"
        " main: the main stream, the substream is not opened. Clips are of the main stream whenever it can be had.",
    )
    # None: watched by its streams always.
    snapshot: SnapshotConfig | None = None
    # None: not known as an ONVIF device, or not to be asked as one.
    onvif: OnvifConfig | None = None
    legal: LegalCard
    presets: tuple[PresetConfig, ...] = ()
    references: tuple[PictureId, ...] = Field(
        default=(),
        max_length=MAX_REFERENCES,
        description="What the camera showed when zones without a preset were drawn, the newest first.",
    )
    zones: tuple[ZoneConfig, ...] = ()
    rules: tuple[RuleConfig, ...] = ()
    # None: never measured.
    perspective: PerspectiveConfig | None = None
    # None: the gateway's default detector (`detector` setting).
    detector: str | None = None
    # Streams from one recorder share its limit; None: the host of the stream's URL.
    recorder: Identifier | None = None
    enabled: bool = True
    tags: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        roles = [s.role for s in self.streams]
        if "main" not in roles or len(set(roles)) != len(roles):
            raise ValueError("streams: exactly one must have role main, at most one role sub")
        if self.analyse == "sub" and "sub" not in roles:
            raise ValueError("analyse: this camera has no stream with role sub")
        _unique("presets", [p.id for p in self.presets])
        _unique("zones", [z.id for z in self.zones])
        _unique("rules", [r.id for r in self.rules])
        return self

    def stream(self, role: Literal["main", "sub"]) -> StreamConfig | None:
        """Return the stream of that role, None when the camera has none."""
        return next((s for s in self.streams if s.role == role), None)

    def zone(self, zone_id: str) -> ZoneConfig:
        """Return a zone of this camera.

        Raises:
            KeyError: No such zone; cannot happen in a loaded site, whose references were checked.
        """
        for zone in self.zones:
            if zone.id == zone_id:
                return zone
        raise KeyError(zone_id)

    @property
    def privacy_masks(self) -> tuple[ZoneConfig, ...]:
        """Zones to be blacked out before storage and inference."""
        return tuple(z for z in self.zones if z.kind == "privacy_mask")


class SiteConfig(ConfigModel):
    """Everything below one configuration folder, with all references checked."""

    regions: tuple[RegionConfig, ...]
    grids: tuple[GridConfig, ...]
    cameras: tuple[CameraConfig, ...]
    event_types: tuple[EventTypeSpec, ...] = Field(
        default=tuple(EVENT_TYPES.values()), description="The shipped table with this site's changes merged in."
    )
    calendar: tuple[CalendarYear, ...] = Field(default=(), description="Holidays and make-up days, year by year.")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy that looks its entries up anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("_by_id", "work_days"):
            copied.__dict__.pop(name, None)
        return copied

    @cached_property
    def work_days(self) -> WorkDays:
        """Which days are working days."""
        return WorkDays.of(self.calendar)

    @cached_property
    def _by_id(self) -> _Lookup:
        return _Lookup(
            {spec.id: spec for spec in self.event_types},
            {camera.id: camera for camera in self.cameras},
            {grid.id: grid for grid in self.grids},
        )

    def event_type(self, type_id: str) -> EventTypeSpec:
        """Return an event type as this site words and codes it.

        Raises:
            KeyError: No such event type.
        """
        return self._by_id.event_types[type_id]

    def camera(self, camera_id: str) -> CameraConfig:
        """Return a camera.

        Raises:
            KeyError: No such camera.
        """
        return self._by_id.cameras[camera_id]

    def find_camera(self, camera_id: str) -> CameraConfig | None:
        """Return a camera, None when there is none of that id (any more)."""
        return self._by_id.cameras.get(camera_id)

    def grid(self, grid_id: str) -> GridConfig:
        """Return a grid.

        Raises:
            KeyError: No such grid.
        """
        return self._by_id.grids[grid_id]

    def find_grid(self, grid_id: str) -> GridConfig | None:
        """Return a grid, None when there is none of that id (any more)."""
        return self._by_id.grids.get(grid_id)


class _Lookup(NamedTuple):
    """What a site's lookups go by, made at the first of them: a city has 15,000 cameras."""

    event_types: Mapping[str, EventTypeSpec]
    cameras: Mapping[str, CameraConfig]
    grids: Mapping[str, GridConfig]


def _unique(what: str, ids: list[str]) -> None:
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        msg = f"{what}: id used more than once: {', '.join(twice)}"
        raise ValueError(msg)
