"""What a camera's description says of its video (RFC 4566; RFC 6184 section 8, RFC 7798 section 7 for the formats)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.camera.rtsp.units import H264, H265, Packing

DEFAULT_CLOCK_HZ = 90_000
_PACKINGS: Mapping[str, Packing] = {"H264": H264, "H265": H265, "HEVC": H265}
_STATIC = {26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}  # RFC 3551, table 5
_SPROPS = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
_BELIEVABLE_FPS = (0.1, 240.0)
_BELIEVABLE_HZ = range(1_000, 1_000_001)


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The first video track of a description.

    Attributes:
        encoding: Upper-case name, for example "H264".
        packing: None for a codec that we do not take apart.
        control: URL of the track as described, to be resolved with `resolve`; empty: the session's own.
        session_control: URL of all tracks together, likewise.
        sets: Parameter sets in decoder order, may be empty.
        fps: As announced, None when it is not.
    """

    encoding: str
    packing: Packing | None
    payload_type: int
    clock_hz: int
    control: str
    session_control: str
    sets: tuple[bytes, ...]
    fps: float | None


@dataclass(slots=True)
class _Section:
    """The session's lines, or those of one track."""

    media: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        return next(iter(self.attributes.get(name, ())), "")


def video_of(text: str) -> VideoTrack | None:
    """Return the first video track; None when there is none."""
    session, *tracks = _sections(text)
    track = next((t for t in tracks if t.media.lower().partition(" ")[0] == "video"), None)
    if track is None:
        return None
    payload_type = _payload_type(track.media)
    encoding, clock_hz = _mapping(track, payload_type)
    packing = _PACKINGS.get(encoding)
    return VideoTrack(
        encoding=encoding,
        packing=packing,
        payload_type=payload_type,
        clock_hz=clock_hz,
        control=track.first("control"),
        session_control=session.first("control"),
        sets=_sets(packing, _format(track, payload_type)) if packing else (),
        fps=_rate(track.first("framerate") or track.first("x-framerate") or session.first("framerate")),
    )


def resolve(base: str, control: str) -> str:
    """Return the URL that a control attribute means, as cameras mean it: appended, query or not."""
    if control in {"", "*"}:
        return base
    if urlsplit(control).scheme in {"rtsp", "rtsps", "rtspu"}:
        return control
    return base + control.removeprefix("/") if base.endswith("/") else f"{base}/{control.removeprefix('/')}"


def _sections(text: str) -> list[_Section]:
    sections = [_Section()]
    for line in text.splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            sections.append(_Section(value))
        elif kind == "a":
            name, _, content = value.partition(":")
            sections[-1].attributes.setdefault(name.strip().lower(), []).append(content.strip())
    return sections


def _payload_type(media: str) -> int:
    words = media.split()  # video PORT PROTOCOL TYPE ...
    return int(words[3]) if len(words) > 3 and words[3].isdecimal() else 96


def _mapping(track: _Section, payload_type: int) -> tuple[str, int]:
    for value in track.attributes.get("rtpmap", ()):
        match = re.match(r"(\d+)\s+([\w.-]+)\s*/\s*(\d+)", value)
        if match and int(match.group(1)) == payload_type:
            clock_hz = int(match.group(3))
            return match.group(2).upper(), clock_hz if clock_hz in _BELIEVABLE_HZ else DEFAULT_CLOCK_HZ
    return _STATIC.get(payload_type, "unknown"), DEFAULT_CLOCK_HZ


def _format(track: _Section, payload_type: int) -> dict[str, str]:
    for value in track.attributes.get("fmtp", ()):
        number, _, parameters = value.partition(" ")
        if number == str(payload_type):
            pairs = (part.partition("=") for part in parameters.split(";"))
            return {name.strip().lower(): content.strip() for name, _, content in pairs}
    return {}


def _sets(packing: Packing, parameters: Mapping[str, str]) -> tuple[bytes, ...]:
    """Decode the parameter sets; a damaged one is left out, for the stream may carry it, too."""
    found: list[bytes] = []
    for text in ",".join(parameters.get(name, "") for name in _SPROPS).split(","):
        try:
            nal = b64decode(text + "=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            continue
        if nal and packing.kind(nal[0]) in packing.sets:
            found.append(nal)
    return tuple(dict.fromkeys(nal for kind in packing.sets for nal in found if packing.kind(nal[0]) == kind))


def _rate(text: str) -> float | None:
    try:
        fps = float(text)
    except ValueError:
        return None
    return fps if _BELIEVABLE_FPS[0] <= fps <= _BELIEVABLE_FPS[1] else None
