"""The JSON shapes of finding and onboarding cameras."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from gateway.web.config_models import Document, Reason
from gateway.web.models import Answer, Query, Request

Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\s\x00]*$")
]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
UserName = Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00-\x1f]*$")]


class SearchRequest(Request):
    """How to search: by multicast on all interfaces, or by asking every address of some ranges."""

    method: Literal["multicast", "range"]
    ranges: list[Annotated[str, StringConstraints(max_length=64)]] = Field(default=[], max_length=64)
    ports: list[Annotated[int, Field(ge=1, le=65_535)]] = Field(default=[80], min_length=1, max_length=8)
    seconds: float = Field(default=4.0, ge=1, le=15)


class SearchStarted(Answer):
    """Where to ask for the outcome."""

    search_id: str


class FoundView(Answer):
    """A device that was found; `known_camera_id`: a camera of this site is at the same host."""

    key: str
    xaddr: str
    host: str
    name: str
    hardware: str
    known_camera_id: str | None


class SearchView(Answer):
    """A search as it stands; `total` is 0 for multicast, where nobody knows."""

    running: bool
    asked: int
    total: int
    found: list[FoundView]


class ConnectRequest(Request):
    """A device service's address (or host), or a stream's; and the login."""

    xaddr: Address | None = None
    stream_url: Address | None = None
    username: UserName = ""
    password: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.xaddr is None) == (self.stream_url is None):
            raise ValueError("give `xaddr` or `stream_url`")
        return self


class DeviceView(Answer):
    """What a device says it is."""

    manufacturer: str
    model: str
    firmware: str
    serial: str


class ClockView(Answer):
    """How far the device's clock is ahead, in seconds."""

    offset_s: float


class ProfileView(Answer):
    """One way in which the device encodes; zeros and empty texts where it does not say."""

    token: str
    name: str
    source: str
    role: Literal["main", "sub"] | None
    codec: str
    width: int
    height: int
    fps: float
    bitrate_kbps: int
    movable: bool
    stream_url: str | None
    snapshot_url: str | None


class PresetView(Answer):
    """A position to which the device can turn."""

    token: str
    name: str


class QuirkView(Answer):
    """What is known of such devices, and where from."""

    id: str
    zh: str
    en: str
    source: str


class ConnectionView(Answer):
    """A camera that was reached; never its password."""

    connection_id: str
    device: DeviceView | None
    clock: ClockView | None
    profiles: list[ProfileView]
    presets: list[PresetView]
    quirks: list[QuirkView]


class ProbeRequest(Request):
    """Which streams to watch: profiles, or another address on the same host."""

    profile_tokens: list[Token] = Field(default=[], max_length=2)
    stream_url: Address | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.profile_tokens and self.stream_url is None:
            raise ValueError("give `profile_tokens` or `stream_url`")
        return self


class ProbeView(Answer):
    """What one stream is; with `code` set it could not be watched, and the rest is null."""

    token: str
    code: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    gop_s: float | None = None
    bitrate_kbps: float | None = None
    clock_offset_s: float | None = None
    took_s: float | None = None


class ProbesView(Answer):
    """One entry per stream, in the order asked."""

    streams: list[ProbeView]


class PictureQuery(Query):
    """Of which profile; None: the main one."""

    profile: Token | None = None


class SaveRequest(Request):
    """The camera as in its configuration file, without credentials: those of the connection are sealed and added."""

    document: Document
    reason: Reason
