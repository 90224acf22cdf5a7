"""Simulated cameras as ONVIF devices: each path of the RTSP server becomes one, with its substream if named so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.simulator.clip import Clip
from gateway.simulator.onvif_device import LoginKind, OnvifDeviceSpec, OnvifStream
from gateway.simulator.onvif_words import ProfileFacts
from gateway.simulator.server import PathSpec, RtspServer

SUB_SUFFIX = "-sub"
PRESETS = {"1": "门口", "2": "路口", "3": "全景"}
_ENCODINGS = {"h264": "H264", "hevc": "H265"}


@dataclass(frozen=True, slots=True)
class OnvifOptions:
    """What holds for all devices of a simulator.

    Attributes:
        first_port: Of HTTP; each device takes the next. 0: any free ones.
        clock_offset_s: How far the devices' clocks are ahead.
        advertised_host: The host that they believe to have; None: the right one.
    """

    first_port: int = 0
    login: LoginKind = "token"
    clock_offset_s: float = 0.0
    advertised_host: str | None = None


def onvif_devices(server: RtspServer, paths: Iterable[PathSpec], options: OnvifOptions) -> list[OnvifDeviceSpec]:
    """Return a device per path; `NAME-sub` is the substream of `NAME`, where there is such a path.

    The server must be ready: only then are its ports known.
    """
    by_name = {spec.path.strip("/"): spec for spec in paths}
    subs = {name for name in by_name if name.endswith(SUB_SUFFIX) and name.removesuffix(SUB_SUFFIX) in by_name}
    return [
        OnvifDeviceSpec(
            name=name.replace("/", "-"),
            streams=tuple(_stream(server, part) for part in (name, name + SUB_SUFFIX) if part in by_name),
            username=spec.username,
            password=spec.password,
            login=options.login,
            clock_offset_s=options.clock_offset_s + spec.clock_offset_s,
            advertised_host=options.advertised_host,
            presets=PRESETS,
        )
        for name, spec in by_name.items()
        if name not in subs
    ]


def _stream(server: RtspServer, path: str) -> OnvifStream:
    snapshot = server.snapshot_url(path) if server.serves_snapshots else None
    return OnvifStream(facts_of(path, server.clip(path)), server.url(path), snapshot)


def facts_of(token: str, clip: Clip) -> ProfileFacts:
    """Return what a device would say of a stream that shows a clip."""
    size_bytes = sum(unit.packets.payload_bytes for unit in clip.units)
    return ProfileFacts(
        token=token.replace("/", "-"),
        encoding=_ENCODINGS.get(clip.codec, clip.codec.upper()),
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        bitrate_kbps=max(1, round(size_bytes * 8 / 1000 / clip.duration_s)),
        gop=max(1, round(len(clip.units) / len(clip.keyframes))),
    )
