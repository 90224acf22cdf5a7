"""Media profiles of a device, and which of them is the main stream and which the substream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

# Names as the rest of the gateway uses them; what is not here cannot be watched.
_CODECS = {"H264": "h264", "H265": "hevc", "HEVC": "hevc", "JPEG": "mjpeg"}
_WATCHED = frozenset({"h264", "hevc", ""})
# A substream is for analysis: within these it shows enough and costs little.
SUB_WIDTH_PX = (320, 1280)
MAX_PROFILES = 64  # a recorder of 32 channels has two each
MAX_TEXT = 200  # characters of anything a device calls itself or its parts


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """One way in which a device encodes a picture. Zeros and empty texts: the device does not say.

    Attributes:
        source: Token of the video source: a recorder has one per channel.
        source_setting: Token of that source's configuration, by which events name it as often.
        role: Main or sub of its source; None: neither.
        movable: It has PTZ.
        stream_url: Without credentials, on the host that was contacted.
    """

    token: str
    name: str
    source: str = ""
    source_setting: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate_kbps: int = 0
    gop: int = 0  # pictures
    movable: bool = False
    role: Literal["main", "sub"] | None = None
    stream_url: str | None = None
    snapshot_url: str | None = None

    @property
    def pixels(self) -> int:
        """Of a picture."""
        return self.width * self.height


def read_profiles(answer: Iterable[Any] | None) -> list[MediaProfile]:
    """Return the profiles in an answer to GetProfiles; those without token cannot be asked for and are left out."""
    found = [_profile(raw) for raw in list(answer or [])[:MAX_PROFILES]]
    return [profile for profile in found if profile is not None]


def choose_roles(profiles: Sequence[MediaProfile]) -> list[MediaProfile]:
    """Return the profiles with main and sub marked, per video source, in their order.

    Main is the largest picture; sub the largest of the smaller ones that analysis can afford, or the smallest. Where
    the first profile's size is not told (H.265 is unknown to this version of the media service), it counts as main:
    the first is the main stream with all vendors known.
    """
    roles: dict[str, Literal["main", "sub"]] = {}
    for source in dict.fromkeys(p.source for p in profiles):
        usable = [p for p in profiles if p.source == source and p.stream_url and p.codec in _WATCHED]
        if not usable:
            continue
        main = max(usable, key=lambda p: p.pixels) if usable[0].pixels else usable[0]
        roles[main.token] = "main"
        sub = _sub(main, [p for p in usable if p.token != main.token])
        if sub is not None:
            roles[sub.token] = "sub"
    return [replace(p, role=roles.get(p.token)) for p in profiles]


def text_of(value: object) -> str:
    """Return a device's text, cut to a length that can be shown."""
    return str(value).strip()[:MAX_TEXT] if value is not None else ""


def _sub(main: MediaProfile, others: Sequence[MediaProfile]) -> MediaProfile | None:
    smaller = [p for p in others if p.pixels > 0 and (p.pixels < main.pixels or not main.pixels)]
    if not smaller and not main.pixels:
        return next(iter(others), None)
    fitting = [p for p in smaller if SUB_WIDTH_PX[0] <= p.width <= SUB_WIDTH_PX[1]]
    if fitting:
        return max(fitting, key=lambda p: p.pixels)
    return min(smaller, key=lambda p: p.pixels, default=None)


def _profile(raw: Any) -> MediaProfile | None:
    token = text_of(_of(raw, "token"))
    if not token:
        return None
    encoder = _of(raw, "VideoEncoderConfiguration")
    rate = _of(encoder, "RateControl")
    size = _of(encoder, "Resolution")
    codec = text_of(_of(encoder, "Encoding")).upper().replace(".", "")
    coder = _of(encoder, "H264") or _of(encoder, "MPEG4")
    return MediaProfile(
        token=token,
        name=text_of(_of(raw, "Name")) or token,
        source=text_of(_of(raw, "VideoSourceConfiguration", "SourceToken")),
        source_setting=text_of(_of(raw, "VideoSourceConfiguration", "token")),
        codec=_CODECS.get(codec, codec.lower()),
        width=_count(_of(size, "Width")),
        height=_count(_of(size, "Height")),
        fps=float(_count(_of(rate, "FrameRateLimit"))),
        bitrate_kbps=_count(_of(rate, "BitrateLimit")),
        gop=_count(_of(coder, "GovLength")),
        movable=_of(raw, "PTZConfiguration") is not None,
    )


def _of(raw: Any, *names: str) -> Any:
    """Return a field of a field; None where any is missing."""
    for name in names:
        raw = getattr(raw, name, None)
    return raw


def _count(value: object) -> int:
    """Return a whole number that makes sense; 0 otherwise."""
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if 0 < number < 1_000_000 else 0
