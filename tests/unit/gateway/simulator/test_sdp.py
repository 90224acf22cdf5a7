"""The SDP says what a decoder needs to know."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from gateway.simulator.nal import MalformedNal
from gateway.simulator.sdp import TRACK, describe
from tests.unit.gateway.simulator.clips import H264_SETS, H265_SETS, clip


def test_h264_without_sps_is_refused() -> None:
    """There is no profile to announce."""
    with pytest.raises(MalformedNal):
        describe(replace(clip(), parameter_sets=H264_SETS[1:]), "cam", "127.0.0.1")


def test_h264() -> None:
    """Mode 1, profile from the SPS, both sets in Base64, CRLF everywhere."""
    sdp = describe(clip(), "cam", "127.0.0.1")
    sets = ",".join(b64encode(n).decode() for n in H264_SETS)
    assert f"a=fmtp:96 packetization-mode=1;profile-level-id=42C01F;sprop-parameter-sets={sets}\r\n" in sdp
    assert "a=rtpmap:96 H264/90000\r\n" in sdp
    assert sdp.endswith(f"a=framerate:10\r\na=control:{TRACK}\r\n")
    assert sdp.startswith("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\n")
    assert sdp.count("\n") == sdp.count("\r\n")


def test_h265() -> None:
    """Each kind of set has a parameter of its own."""
    sdp = describe(clip(codec="hevc"), "cam", "::1")
    vps, sps, pps = (b64encode(n).decode() for n in H265_SETS)
    assert f"a=fmtp:96 sprop-vps={vps};sprop-sps={sps};sprop-pps={pps}\r\n" in sdp
    assert "H265/90000" in sdp
    assert "c=IN IP6 ::\r\n" in sdp


def test_unknown_rate_is_not_announced() -> None:
    """No frame rate is better than a wrong one."""
    assert "framerate" not in describe(replace(clip(), fps=0.0), "cam", "127.0.0.1")
