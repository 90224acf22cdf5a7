"""What DESCRIBE answers: the session description of one clip (RFC 4566, 6184, 7798)."""

from __future__ import annotations

from base64 import b64encode

from gateway.simulator.clip import Clip
from gateway.simulator.nal import nal_type, sps_of
from gateway.simulator.rtp import CLOCK_HZ, PAYLOAD_TYPE

TRACK = "trackID=0"

_H265_SPROPS = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
_ENCODING = {"h264": "H264", "hevc": "H265"}


def describe(clip: Clip, name: str, host: str) -> str:
    """Return the SDP of a clip with one video track.

    Raises:
        MalformedNal: An H.264 clip without SPS.
    """
    family = "IP6" if ":" in host else "IP4"
    lines = [
        "v=0",
        f"o=- 0 0 IN {family} {host}",
        f"s={name}",
        f"c=IN {family} {'::' if family == 'IP6' else '0.0.0.0'}",  # noqa: S104  the RTSP session decides where to
        "t=0 0",
        "a=tool:gridpatrol-simulator",
        "a=range:npt=now-",
        "a=control:*",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {_ENCODING[clip.codec]}/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} {_format_parameters(clip)}",
        *([f"a=framerate:{clip.fps:g}"] if clip.fps else []),
        f"a=control:{TRACK}",
    ]
    return "\r\n".join(lines) + "\r\n"


def _format_parameters(clip: Clip) -> str:
    encoded = [b64encode(n).decode() for n in clip.parameter_sets]
    if clip.codec == "h264":
        profile = sps_of("h264", clip.parameter_sets)[1:4].hex().upper()
        return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(encoded)}"
    groups: dict[str, list[str]] = {}
    for nal, text in zip(clip.parameter_sets, encoded, strict=True):
        groups.setdefault(_H265_SPROPS[nal_type("hevc", nal)], []).append(text)
    return ";".join(f"{key}={','.join(texts)}" for key, texts in groups.items())
